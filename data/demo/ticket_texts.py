"""Pieces of tickets, by queue. ``{p}`` is a machine, ``{w}`` a week day, ``{n}`` a number.

The house rules, which stand in no document: batteries, heat, smoke, smell and shocks always go to *safety*, whatever
else is asked. Orders by schools, hotels, shops and offices go to *wholesale*. A crushed or wet box is *shipping*. A
machine that failed in its first days is an *exchange*, an older one a *repair*. Trouble between a machine and the app
or network is *access*. Chalk, water stains and everything a customer wants to fit alone is *parts*. Customs, vouchers
and club fees are *billing*.
"""

from __future__ import annotations

import re

# fmt: off
QUEUES = ("billing", "shipping", "exchange", "repair", "safety", "access", "parts", "wholesale")

MACHINES = (
    "Tolvi 3 lamp", "Orrask 2 kettle", "Pelluma 5 air cleaner", "Gantle 1 bread oven", "Quibbin 4 weather station",
    "Nivrel 6 floor mop", "Torvane 2 drill", "Dovemar 7 garden pump", "Liskell 9 hand vacuum", "Ummery 8 blanket",
)
HARD = MACHINES[:-1]
WITH_BATTERY = ("Quibbin 4 weather station", "Nivrel 6 floor mop", "Torvane 2 drill", "Liskell 9 hand vacuum")
WITH_APP = ("Quibbin 4 weather station", "Nivrel 6 floor mop", "Pelluma 5 air cleaner")
WITH_WATER = ("Orrask 2 kettle", "Gantle 1 bread oven", "Nivrel 6 floor mop", "Dovemar 7 garden pump")
# A piece with a word that begins like one of these is only said of machines it makes sense for.
ONLY_OF = {
    "batter": WITH_BATTERY, "Larkroom": WITH_APP, "app shows": WITH_APP, "network": WITH_APP, "readings": WITH_APP,
    "pair": WITH_APP, "login": WITH_APP, "log in": WITH_APP, "account with": WITH_APP, "the list": WITH_APP,
    "to name": WITH_APP, "router": WITH_APP, "sign in": WITH_APP, "finds everything": WITH_APP, "profile": WITH_APP,
    "chalk": WITH_WATER, "lime": WITH_WATER, "leaks": WITH_WATER, "water stains": WITH_WATER, "seals": WITH_WATER,
    "screen": ("Quibbin 4 weather station", "Pelluma 5 air cleaner", "Nivrel 6 floor mop"),
    "hose": ("Dovemar 7 garden pump",), "filter": ("Pelluma 5 air cleaner", "Liskell 9 hand vacuum"),
    "brush": ("Liskell 9 hand vacuum", "Nivrel 6 floor mop"), "wall hook": ("Liskell 9 hand vacuum",),
    "kitchen": ("Orrask 2 kettle", "Gantle 1 bread oven"), "hinge": ("Orrask 2 kettle", "Gantle 1 bread oven"),
    "fit my room": ("Gantle 1 bread oven", "Pelluma 5 air cleaner", "Tolvi 3 lamp"),
    "green": ("Tolvi 3 lamp", "Dovemar 7 garden pump"), "lowest step": ("Pelluma 5 air cleaner", "Torvane 2 drill",
    "Liskell 9 hand vacuum", "Ummery 8 blanket", "Orrask 2 kettle", "Quibbin 4 weather station", "Tolvi 3 lamp"),
    "cover": HARD, "screw": HARD, "handle": ("Orrask 2 kettle", "Gantle 1 bread oven", "Liskell 9 hand vacuum"),
    "key of": HARD, "knob": HARD, "dent": HARD, "squeak": HARD, "loud": HARD, "fell": HARD, "shakes": HARD,
    "paint": HARD, "two pieces": HARD, "foot": HARD, "dusty": HARD, "open the": HARD, "grinding": HARD,
    "hums": HARD, "hum": HARD, "rattle": HARD, "housing": HARD, "scratch": HARD, "unevenly": HARD, "melted": HARD,
    "snapped": HARD, "broke in": HARD, "terrible noise": HARD, "put the": HARD, "strength": HARD,
}


def fits(piece: str, machine: str) -> bool:
    """Whether a piece can be said of a machine."""
    return all(machine in machines for word, machines in ONLY_OF.items() if re.search(rf"\b{word}", piece))


WEEK_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
OPENINGS = ("", "", "Hello,", "Good morning,", "Hi there,", "Dear help desk,", "Hello team,", "Sorry to bother you:",
            "A question:", "Me again:")
CLOSINGS = ("", "", "Please help.", "What now?", "Thank you!", "I am in no hurry.", "Please write back soon.",
            "I have the invoice here.", "I can come by on {w}.", "I can send a photo.", "My neighbour says to ask you.",
            "My sister sent me here.", "I paid by card.", "Your driver was friendly.", "Please ring me after {w}.")

# queue: (pieces used in all splits, pieces that only validation and test see)
TICKETS = {
    "billing": ((
        "you took {n} crowns twice from my card for one {p}.",
        "the amount on my bill for the {p} is not the one I was shown.",
        "customs want {n} crowns from me for the {p}, who pays that?",
        "my voucher was refused at the till when I bought a {p}.",
        "I paid for the {p} on {w}, and today I got a reminder.",
        "the discount of the Ember Club is missing on my order of a {p}.",
        "please put my new surname on the bill for the {p}.",
        "I would like to pay for the {p} in two instalments instead of one.",
        "the {p} was charged in the wrong currency, {n} too much.",
        "where is my refund of {n} crowns for the {p} I sent back on {w}?",
        "the Ember Club took its yearly fee although I left it on {w}.",
        "I need a receipt for the {p} for my tax papers.",
    ), (
        "my card was charged twice, {n} crowns each time, for a single {p}.",
        "customs sent me a bill of {n} crowns for the {p}.",
        "a reminder came for the {p}, but I paid {n} crowns on {w}.",
        "the till refused two vouchers of the Ember Club for one {p}.",
    )),
    "shipping": ((
        "my {p} should have come on {w}, but nobody rang the bell.",
        "the tracking page has shown the same line for my {p} for {n} days.",
        "the box of the {p} was crushed when the driver handed it over.",
        "please send my {p} to my office and not to my home.",
        "the parcel with the {p} was soaked by rain, the inside looks fine.",
        "your driver left the {p} with a neighbour I do not know.",
        "I will be away on {w}, can the {p} come later?",
        "I got someone else's parcel instead of my {p}.",
        "how much longer will the {p} be on the way? I ordered {n} days ago.",
        "the blue card says my {p} is waiting, but not where.",
        "the street on my order of the {p} is spelled wrong.",
        "the van drove past my house with the {p} on {w}.",
    ), (
        "a corner of the box was crushed, and I have not unpacked the {p} yet.",
        "the tracking page says my {p} came on {w}, but the driver never rang.",
        "could the driver hand the {p} to my neighbour on {w}?",
        "I have moved to another street, and the van with the {p} is on its way.",
    )),
    "exchange": ((
        "the {p} came on {w} and does not switch on at all.",
        "I unpacked the {p} yesterday, and it has already stopped working.",
        "I ordered a green {p} and would rather have another colour.",
        "the {p} was a gift, and my aunt already owns one.",
        "I simply don't like the {p}, how do I give it back?",
        "after {n} days the brand-new {p} only makes a grinding noise.",
        "the {p} is larger than I thought and does not fit my room.",
        "you sent me a {p}, but I had ordered something else.",
        "on its first day the {p} broke in my hands.",
        "I have changed my mind about the {p} and want my money back.",
        "the new {p} has a deep scratch, straight out of the paper.",
        "I bought two of the {p} by mistake and need only one.",
    ), (
        "the {p} came yesterday, and it has stopped working on its first day.",
        "my aunt does not like the {p}, how do I give the gift back?",
        "the new {p} broke {n} minutes after I unpacked it.",
        "I ordered the wrong {p} by mistake, I need something larger.",
    )),
    "repair": ((
        "my {p} is {n} years old and no longer switches on.",
        "since last winter the {p} has been getting slower and slower.",
        "the {p} fell off the table and now rattles.",
        "after {n} months of daily use the {p} makes a grinding noise.",
        "my old {p} leaks a little under its foot.",
        "the switch of the {p} has been loose since last year.",
        "I brought the {p} to the workshop on {w}, is it done?",
        "the {p} I inherited from my mother stops after a minute.",
        "the screen of my {p} went dark after {n} good years.",
        "can you still mend a {p} whose warranty is over?",
        "a repairer was here on {w}, but the {p} is broken again.",
        "the {p} has worked since we moved in, now it only hums.",
    ), (
        "for {n} years the {p} was good, and since last year it is slow.",
        "my old {p} fell down the stairs and now only rattles.",
        "I brought the {p} to the repairer on {w}, can you still mend it?",
        "the {p} of my mother no longer stops, its switch has been loose for months.",
    )),
    "safety": ((
        "the battery of my {p} is empty after {n} minutes.",
        "where can I buy a second battery for the {p}?",
        "the {p} smells burnt when it runs for {n} minutes.",
        "I felt a tingle in my fingers when I touched the {p}.",
        "the plug of the {p} gets so hot that I can't hold it.",
        "there was smoke behind the {p} on {w}, it is off now.",
        "may I send back a {p} with its battery in the box?",
        "the battery door of the {p} is cracked, I want a refund.",
        "the {p} left a brown mark on the table under it.",
        "sparks came out of the socket when I plugged in the {p}.",
        "my {p} arrived on {w} with a swollen battery.",
        "the cord of the {p} is bare near the plug.",
    ), (
        "you charged {n} crowns for a battery of the {p} that I never ordered.",
        "the cord of the {p} gets hot and left a brown mark.",
        "there were sparks, and now the {p} smells of smoke.",
        "a battery of the {p} is lost in the parcel, when will it come?",
    )),
    "access": ((
        "Larkroom says that my {p} is not known.",
        "I forgot my password and can't see the readings of the {p}.",
        "since {w} the {p} has lost the network at home.",
        "the app shows a {p} that belongs to my neighbour.",
        "the letter with the login code for the {p} never came.",
        "the {p} will not pair with my new telephone.",
        "how do I add my wife to the account with our {p}?",
        "after the update the {p} has vanished from the list.",
        "my account is locked after {n} tries, I only wanted to name the {p}.",
        "the new router is faster, but the {p} does not find it.",
        "I changed my mail address, and Larkroom forgot the {p}.",
        "the pairing card of the {p} is lost, what is the word on it?",
    ), (
        "my new telephone finds the network but not the {p}.",
        "since the update on {w} I can't login to the app with my {p}.",
        "Larkroom forgot my password, so the readings of the {p} are gone.",
        "please pair my account with the {p} of my wife.",
    )),
    "parts": ((
        "I need a new screw for the {p}, I will fit it alone.",
        "the cover of the {p} is missing, can I order one?",
        "there are white chalk spots on the {p}, what takes them off?",
        "which filter goes into the {p}, and what does it cost?",
        "I lost the key of the {p} in the garden.",
        "can I get a longer hose for my {p}?",
        "water stains on the {p} will not come off, do you sell something?",
        "please send me {n} seals for the {p}.",
        "do you still have a handle for the {p}?",
        "the paper manual of the {p} is gone, I would like another.",
        "I want to change the brush of the {p} at home.",
        "is there a bag for carrying the {p}?",
    ), (
        "chalk spots and white stains on the {p} after {n} months, do you sell something?",
        "I lost a screw of the {p}, which one can I order?",
        "do you have another cover for the {p}, and what does it cost?",
        "I would like {n} seals and a brush for the {p} to fit at home.",
    )),
    "wholesale": ((
        "our school needs {n} of the {p} before autumn.",
        "we run a hotel and would like a price for {n} of the {p}.",
        "may I sell the {p} in my shop?",
        "for our office we ordered {n} of the {p}, and one is late.",
        "the bill for the {p} must show the name of our town hall.",
        "our bakery wants {n} of the {p}, is there a rebate?",
        "the {n} pieces of the {p} for our clinic came in crushed boxes.",
        "I am a dealer, who can show me the {p}?",
        "our hotel guests keep breaking the {p}, can you mend {n} of them?",
        "the library would like to lend out the {p} to readers.",
        "my staff cannot log in to the {p} in our three shops.",
        "we need {n} of the {p} for a raffle at our firm.",
    ), (
        "our school ordered {n} of the {p}, but the bill names more.",
        "we run a shop and need a price for {n} of the {p}.",
        "the hotel needs a new handle for each of our {n} pieces of the {p}.",
        "our clinic would like {n} of the {p} for the staff.",
    )),
}

# Severity of a number ticket: (surcharge in hours, pieces used in all splits, pieces that only validation and test see)
SEVERITIES = (
    (0, (
        "the {p} has a small scratch.", "the label of the {p} is coming off.", "the paint on the {p} is fading.",
        "the {p} squeaks a little.", "the foot of the {p} is dirty and looks ugly.",
        "the {p} has a dent, but it works.", "one letter on the {p} is rubbed off.", "the {p} is a bit dusty inside.",
    ), ("the {p} has a fading label, but it works.", "the {p} is dirty, and there is a scratch on its foot.")),
    (2, (
        "the {p} is slower than before.", "the {p} stops now and then.", "the {p} has become very loud.",
        "the {p} works only on the lowest step.", "the {p} has to be started twice.",
        "the {p} gets weaker every day.", "the {p} sometimes forgets its settings.", "the {p} shakes when it runs.",
    ), ("the {p} is weaker and slower every day.", "now and then the {p} stops and has to be started again.")),
    (6, (
        "the {p} does nothing at all.", "the {p} is completely dead.", "the {p} no longer switches on.",
        "the {p} broke into two pieces.", "water ran into the {p}, and it is off.",
        "the {p} gives no sign of life.", "the {p} fell and will not start.", "nothing happens when I press the {p}.",
    ), ("the {p} is dead and will not start at all.", "the {p} gives no sign when I press, nothing happens.")),
)
BASE_HOURS = {
    "Tolvi 3 lamp": 4, "Ummery 8 blanket": 4, "Orrask 2 kettle": 8, "Gantle 1 bread oven": 8, "Torvane 2 drill": 8,
    "Liskell 9 hand vacuum": 12, "Pelluma 5 air cleaner": 12, "Nivrel 6 floor mop": 12,
    "Quibbin 4 weather station": 16, "Dovemar 7 garden pump": 16,
}
