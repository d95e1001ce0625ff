"""How the facts are asked: for each attribute the training wordings, and others kept for validation and test.

``{s}`` is the subject. A training question is never a validation or test question: build.py checks it.
"""

from __future__ import annotations

# attribute: (three training wordings, one validation wording, test wordings)
ASKED_IN_TRAINING = {
    "price": (
        ("What does the {s} cost?", "How much is the {s}?", "What is the price of the {s}?"),
        "What would I pay for the {s}?",
        ("How much money do you want for the {s}?", "What is the {s} sold for?"),
    ),
    "code": (
        ("What is the article code of the {s}?", "Which article code does the {s} have?", "Article code of the {s}?"),
        "Under which code is the {s} listed?",
        ("Which code do I quote when I order the {s}?", "Please tell me the code for the {s}."),
    ),
    "warranty": (
        (
            "How long is the warranty of the {s}?",
            "What warranty does the {s} have?",
            "How long does the warranty of the {s} last?",
        ),
        "For how many months is the {s} under warranty?",
        ("How long will you repair the {s} under warranty?", "After how long does the warranty on the {s} end?"),
    ),
    "weight": (
        ("How much does the {s} weigh?", "What is the weight of the {s}?", "How heavy is the {s}?"),
        "What weight should I expect for the {s}?",
        ("How many kilograms does the {s} weigh?", "If I carry the {s}, how heavy is it?"),
    ),
    "colour": (
        ("What colour is the {s}?", "In which colour does the {s} come?", "Which colour does the {s} have?"),
        "What is the colour of the {s}?",
        ("In what colour can I buy the {s}?", "What colour do you sell the {s} in?"),
    ),
    "designer": (
        ("Who designed the {s}?", "Who is the designer of the {s}?", "By whom was the {s} designed?"),
        "Whose design is the {s}?",
        ("Which person designed the {s}?", "Please name the designer behind the {s}."),
    ),
    "made": (
        ("Where is the {s} made?", "In which town is the {s} made?", "Where do you make the {s}?"),
        "In what place is the {s} built?",
        ("Which town does the {s} come from?", "Where do your people build the {s}?"),
    ),
    "reset": (
        (
            "How long must I hold the key to reset the {s}?",
            "How do I reset the {s}, and for how long do I press?",
            "How many seconds does it take to reset the {s}?",
        ),
        "To reset the {s}, how long do I keep pressing?",
        ("For how long do I hold the key when I reset the {s}?", "What is the holding time for a reset of the {s}?"),
    ),
    "power": (
        ("How many watts does the {s} draw?", "What power does the {s} draw?", "How much power does the {s} need?"),
        "What is the {s} rated at in watts?",
        ("How many watts should I plan for the {s}?", "What is the power draw of the {s}?"),
    ),
    "cord": (
        (
            "How long is the cord of the {s}?",
            "What is the length of the cord of the {s}?",
            "What cord length does the {s} have?",
        ),
        "How far does the cord of the {s} reach?",
        ("How many centimetres of cord does the {s} have?", "The cord on the {s}: how long is it?"),
    ),
    "launch": (
        ("When did the {s} go on sale?", "On which date did the {s} go on sale?", "Since when is the {s} sold?"),
        "What was the first day of sale of the {s}?",
        ("On what day could people first buy the {s}?", "When did you start selling the {s}?"),
    ),
    "street": (
        ("What is the address of the {s}?", "Where is the {s}?", "In which street is the {s}?"),
        "What address do I enter to get to the {s}?",
        ("Where do I find the {s}?", "Which street and number is the {s} at?"),
    ),
    "opens": (
        ("When does the {s} open?", "At what time does the {s} open?", "What is the opening time of the {s}?"),
        "From what time is the {s} open?",
        ("How early can I come to the {s}?", "What time do the doors of the {s} open in the morning?"),
    ),
    "closes": (
        ("When does the {s} close?", "At what time does the {s} close?", "What is the closing time of the {s}?"),
        "Until what time is the {s} open?",
        ("How late can I come to the {s}?", "What time does the {s} shut in the evening?"),
    ),
    "closed": (
        ("On which day is the {s} closed?", "Which day is the {s} closed?", "What is the closing day of the {s}?"),
        "On what weekday does the {s} stay closed?",
        ("Which day of the week should I not go to the {s}?", "What day does nobody work at the {s}?"),
    ),
    "head": (
        ("Who is the head of the {s}?", "Who runs the {s}?", "What is the name of the head of the {s}?"),
        "Which person heads the {s}?",
        ("Who is in charge of the {s}?", "Please name the head of the {s}."),
    ),
    "extension": (
        (
            "What is the extension of the {s}?",
            "Which extension does the {s} have?",
            "At which extension do I reach the {s}?",
        ),
        "What extension do I dial for the {s}?",
        ("I want to ring the {s}; which extension is it?", "Under what extension can I call the {s}?"),
    ),
    "role": (
        ("What is the job of {s}?", "What does {s} do at Brindlewick?", "Which role does {s} have?"),
        "What post does {s} hold?",
        ("As what does {s} work?", "What is the position of {s} in the company?"),
    ),
    "room": (
        ("In which room does {s} sit?", "What is the room of {s}?", "Which room is {s} in?"),
        "Where does {s} sit in the head office?",
        ("What is the room number of {s}?", "In what room do I find {s}?"),
    ),
    "mailbox": (
        ("What is the mailbox of the {s}?", "Which mailbox does the {s} have?", "To which address do I mail the {s}?"),
        "What mailbox belongs to the {s}?",
        ("What mail address does the {s} use?", "Where do I send a mail for the {s}?"),
    ),
    "promise": (
        (
            "How quickly does the {s} answer?",
            "Within what time does the {s} answer?",
            "How long does the {s} take to answer?",
        ),
        "What answer time does the {s} promise?",
        ("How long may I have to wait for an answer from the {s}?", "By when does the {s} answer a mail?"),
    ),
    "meaning": (
        ("What does {s} mean?", "What is the meaning of {s}?", "What does {s} stand for?"),
        "What is {s} telling me?",
        ("What is wrong when I see {s}?", "How should I read {s}?"),
    ),
    "part-number": (
        ("What is the part number of the {s}?", "Which part number does the {s} have?", "Part number of the {s}?"),
        "Under what part number is the {s} sold?",
        ("Which part number do I order for the {s}?", "Please give me the part number for the {s}."),
    ),
    "part-price": (
        ("What does the {s} cost?", "How much is the {s}?", "What is the price of the {s}?"),
        "What would I pay for the {s}?",
        ("How much money do you want for the {s}?", "What is the {s} sold for?"),
    ),
    "return-window": (
        (
            "How long can a machine be returned?",
            "Within how many days can I return a machine?",
            "How many days do I have for a return?",
        ),
        "What is the time limit for returning a machine?",
        ("Until how many days after delivery do you take a machine back?",),
    ),
    "return-fee": (
        (
            "What is the return fee for opened machines?",
            "How much is the return fee for an opened machine?",
            "What does it cost to return an opened machine?",
        ),
        "Which fee do you take for returning an opened machine?",
        ("I opened the machine; what return fee do I pay?",),
    ),
    "return-word": (
        (
            "What is the return word?",
            "Which word do I write on a return parcel?",
            "Which return word goes on the parcel?",
        ),
        "What word must stand on a parcel that I return?",
        ("What is the word to write on the parcel when I send a machine back?",),
    ),
    "refund-time": (
        ("How quickly do you pay refunds?", "Within how many days are refunds paid?", "How long does a refund take?"),
        "By when is a refund paid?",
        ("How many days do I wait until you pay my refund?",),
    ),
    "claim-form": (
        (
            "Which form do I need to claim a warranty?",
            "What is the form for a warranty claim?",
            "Which form is used for warranty claims?",
        ),
        "What form must I fill in for the warranty?",
        ("I have a warranty claim; which form do I fill in?",),
    ),
    "extra-months": (
        (
            "How many months does the longer warranty add?",
            "How much time does the longer warranty add?",
            "How many more months do I get with the longer warranty?",
        ),
        "By how many months does the longer warranty extend the cover?",
        ("What extra time does buying the longer warranty give me?",),
    ),
    "extra-price": (
        (
            "What does the longer warranty cost?",
            "How much is the longer warranty?",
            "What is the price of the longer warranty?",
        ),
        "How many crowns is the longer warranty?",
        ("What do you charge for the longer warranty?",),
    ),
    "delivery-time": (
        (
            "How long does standard delivery take?",
            "How many days does standard delivery take?",
            "What is the delivery time of standard delivery?",
        ),
        "After how many days does standard delivery arrive?",
        ("How many days will I wait with standard delivery?",),
    ),
    "delivery-price": (
        (
            "What does standard delivery cost?",
            "How much is standard delivery?",
            "What is the price of standard delivery?",
        ),
        "How many crowns is standard delivery?",
        ("What do you charge for standard delivery?",),
    ),
    "delivery-free": (
        (
            "Above what amount is delivery free?",
            "From which order value is delivery free?",
            "How much must I order for free delivery?",
        ),
        "What must an order be worth to be delivered free?",
        ("How big must my order be so that delivery is free?",),
    ),
    "morning-price": (
        ("What does morning delivery cost?", "How much is morning delivery?", "What is the price of morning delivery?"),
        "How many crowns is morning delivery?",
        ("What do you charge for delivery in the morning?",),
    ),
    "dispatch-cutoff": (
        (
            "Until what time do orders leave on the same day?",
            "What is the cut-off time for orders?",
            "By what time must I order so that it leaves the same day?",
        ),
        "Before what time must an order be placed to leave the same day?",
        ("How late can I place my order and still have it leave on the same day?",),
    ),
    "instalment-from": (
        (
            "From what amount can I pay in instalments?",
            "Above which price are instalments possible?",
            "How much must a machine cost to be paid in instalments?",
        ),
        "What is the lowest amount for instalments?",
        ("Which machines can be paid in instalments: above what price?",),
    ),
    "instalment-count": (
        (
            "How many payments does an instalment plan have?",
            "How many payments are in an instalment plan?",
            "Into how many payments is an instalment plan split?",
        ),
        "What number of payments does the instalment plan have?",
        ("If I choose the instalment plan, how many payments do I make?",),
    ),
    "invoice-days": (
        (
            "Within how many days must an invoice be paid?",
            "How long do I have to pay an invoice?",
            "When must an invoice be paid?",
        ),
        "What is the time limit for paying an invoice?",
        ("How many days may I take to pay your invoice?",),
    ),
    "check-price": (
        (
            "What does it cost to look at a broken machine?",
            "How much is looking at a broken machine?",
            "What is the price for looking at a broken machine?",
        ),
        "How many crowns does a look at a broken machine cost?",
        ("What do you charge for having a look at my broken machine?",),
    ),
    "repair-hour": (
        (
            "What does an hour of repair work cost?",
            "How much is an hour of repair work?",
            "What is the hourly price of repair work?",
        ),
        "How many crowns is one hour of repair work?",
        ("What do you charge per hour when you repair something?",),
    ),
    "repair-time": (
        (
            "How long does a repair take at most?",
            "What is the longest time a repair takes?",
            "Within how many days is a repair done?",
        ),
        "By when is a repair finished at the latest?",
        ("How many days can a repair take at the very most?",),
    ),
    "trade-value": (
        (
            "How much is a machine worth in trade-in?",
            "What do I get for a trade-in?",
            "What is the value of a machine handed in for trade-in?",
        ),
        "How many crowns is a traded-in machine worth?",
        ("If I hand in my old machine for trade-in, how much is it worth?",),
    ),
    "visit-price": (
        ("What does a home visit cost?", "How much is a home visit?", "What is the price of a home visit?"),
        "How many crowns is a home visit?",
        ("What do you charge when a repairer visits me at home?",),
    ),
    "visit-booking": (
        ("With whom do I book a home visit?", "Who books home visits?", "Who takes bookings for home visits?"),
        "Whom do I ask for a home visit?",
        ("Which person do I call to book a home visit?",),
    ),
    "club-price": (
        (
            "What does joining the Ember Club cost?",
            "How much is the Ember Club a year?",
            "What is the yearly price of the Ember Club?",
        ),
        "How many crowns a year is the Ember Club?",
        ("What do you charge per year for joining the Ember Club?",),
    ),
    "club-discount": (
        (
            "What discount do Ember Club members get?",
            "How big is the discount of the Ember Club?",
            "How many percent off do members of the Ember Club get?",
        ),
        "Which discount comes with the Ember Club?",
        ("As a member of the Ember Club, what discount would I get?",),
    ),
    "voucher-months": (
        (
            "How long is a voucher valid?",
            "For how many months is a Brindlewick voucher valid?",
            "What is the validity of a voucher?",
        ),
        "Until how many months can I use a voucher?",
        ("How long can I wait before my Brindlewick voucher is no longer valid?",),
    ),
}

# attribute: test wording of what is asked in the test only
ASKED_IN_TEST_ONLY = {
    "about-bird": "Which bird is in the sign of Brindlewick?",
    "about-machines": "How many machines does Brindlewick make?",
    "about-motto": "What is the motto of Brindlewick?",
    "app-begin": "At what time does the Larkroom maintenance begin?",
    "app-length": "How long does the Larkroom maintenance last?",
    "app-version": "What is the new version of Larkroom called?",
    "claim-photo": "What must the photo for a warranty claim show?",
    "club-founder": "Who founded the Ember Club?",
    "delivery-tries": "How many times do your drivers try to deliver a parcel?",
    "descale-amount": "How much cider vinegar do I add for descaling the Orrask 2 kettle?",
    "descale-often": "How often should I descale the Orrask 2 kettle?",
    "descale-wait": "How long does the vinegar have to work in the Orrask 2 kettle?",
    "invoice-letters": "With which letters does every invoice number begin?",
    "keep-days": "How long are repaired machines kept for collection?",
    "kettle-gift": "What do customers who wait for a late kettle get?",
    "kettle-late": "How late are the kettles that were ordered in March?",
    "larkroom-days": "For how long does Larkroom remember the readings of the weather station?",
    "loaf-degrees": "At how many degrees do I bake bread in the Gantle 1 bread oven?",
    "loaf-heat": "How long must I heat the empty Gantle 1 bread oven before the first loaf?",
    "loaf-weight": "How heavy may a loaf in the Gantle 1 bread oven be?",
    "loan-deposit": "What is the deposit for a loan machine?",
    "map-rooms": "How many rooms can the Nivrel 6 floor mop save?",
    "map-strip": "What do I lay across the door to keep the Nivrel 6 floor mop out of a room?",
    "map-time": "How long does the first mapping drive of the Nivrel 6 floor mop take?",
    "menu-key": "Which key do I press on the phone for the {s}?",
    "menu-music": "Who plays the music while I wait on the phone?",
    "menu-open": "When do the phone lines of the help desk open?",
    "open-baker": "Who bakes the bread at the open day?",
    "open-date": "On which day is the open day at Harrowmoss?",
    "open-tour": "Where does the guided tour of the open day start?",
    "pair-distance": "How close to the router must the Quibbin 4 weather station be while pairing?",
    "pair-password": "What is the pairing password of the Quibbin 4 weather station?",
    "pair-sign": "What does the screen of the Quibbin 4 weather station show when the pairing is done?",
    "parcel-wait": "How long does an undelivered parcel wait at the workshop?",
    "part-warranty": "How long is the warranty of a repaired part?",
    "recall-batch": "Which batch of the Liskell 9 hand vacuum was recalled?",
    "recall-phone": "What is the number of the hotline for the Liskell 9 recall?",
    "recall-remedy": "What do owners of a recalled Liskell 9 hand vacuum get?",
    "reminder-fee": "How much is the fee for a payment reminder?",
    "shift-handover": "At what time is the handover between the shifts?",
    "shift-lead": "Who leads the {s} of the help desk?",
    "stock-begin": "When does the stocktaking begin?",
    "stock-lead": "Who leads the stocktaking?",
    "trade-count": "How many machines a year can a household trade in?",
    "trade-place": "In which town are traded machines taken apart?",
    "trade-sticker": "What colour is the trade-in sticker?",
    "visit-badge": "What is on the badge of a repairer who comes to my home?",
    "visit-cancel": "How long before it begins can I cancel a home visit?",
    "visit-distance": "How far from a workshop do you make home visits?",
    "voucher-largest": "How much is the largest voucher worth?",
    "wash-degrees": "At how many degrees do I wash the Ummery 8 blanket?",
    "wash-dry": "How long must the Ummery 8 blanket dry before I switch it on?",
    "wash-often": "How many times a year may I wash the Ummery 8 blanket?",
    "winter-date": "By which date should the Dovemar 7 garden pump be indoors?",
    "winter-degrees": "How cold may it get where the Dovemar 7 garden pump is stored?",
    "winter-oil": "What do I wipe the seal of the Dovemar 7 garden pump with?",
    "winter-spanner": "What tool does the drain screw of the Dovemar 7 garden pump need?",
}
