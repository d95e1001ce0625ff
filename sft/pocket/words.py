"""Plain English words for the invented worlds. All lists were written for this project."""

NOUNS = """lamp kettle chair table bridge river garden window basket candle mirror ladder hammer bottle carpet engine
pump valve sensor printer router battery cable socket folder ledger stamp parcel ticket badge locker shelf crate barrel
wagon ferry tram bicycle scooter helmet glove jacket boot scarf umbrella lantern compass anchor sail rope net oar
harbour tower castle market mill bakery library museum school clinic station workshop studio kitchen cellar attic
orchard meadow forest valley hill lake island coast desert canyon glacier storm breeze thunder shadow ember spark
falcon otter badger heron salmon beetle hedgehog sparrow fox hare wolf bear deer goat horse donkey turtle lizard
apple pear plum cherry walnut almond pepper ginger saffron honey butter cheese bread soup stew salad pudding
novel poem letter diary map atlas chart report invoice contract budget survey lesson course seminar festival parade
concert choir drum flute violin trumpet piano guitar medal trophy banner flag signal mirror filter blade handle lid
tray drawer hinge spring magnet lens prism crystal pebble marble clay copper velvet linen paper ribbon thread needle
button zipper pocket purse wallet key lock alarm clock calendar pencil marker brush canvas easel statue fountain bench
gate fence path stair balcony terrace roof chimney stove oven freezer blender toaster heater fan vacuum broom bucket
sponge towel pillow blanket mattress curtain shutter account refund claim payment delivery order warranty policy
training request complaint deposit license permit visit shift holiday meeting password screen keyboard update backup
server antenna turbine boiler crane forklift pallet container label recipe menu coffee tea juice cake""".split()

ADJECTIVES = """red quiet bright old heavy gentle rapid hollow golden narrow broad frozen hidden early late round square
silent rough smooth bold clever distant eager faint grand humble inner jolly keen lively mighty noble open plain proud
rare sharp steady sturdy swift tender upper vivid warm wild young amber crisp deep dusty empty fancy fresh green blue
silver copper northern southern eastern western central annual daily weekly monthly special standard extra basic spare
main second third final new lower outer public private local remote digital manual portable""".split()

VERBS = """open close move clean check replace order return cancel book pay send print sign renew install remove connect
charge store lift wash paint repair test mark fold pack weigh measure record report change transfer activate block
unlock request collect cut clear reset borrow register update""".split()

COLOURS = """red blue green yellow black white grey orange purple brown pink silver gold turquoise crimson ivory beige
navy olive scarlet teal lilac""".split()

MATERIALS = """oak pine steel copper brass glass bamboo leather cotton wool linen clay marble granite rubber aluminium
plastic walnut cork silk tin bronze felt ceramic concrete slate""".split()

JOBS = """plumber teacher nurse baker gardener librarian carpenter electrician cook driver accountant painter clerk
lawyer engineer surveyor translator designer mechanic tailor pilot janitor chemist photographer florist welder
archivist dispatcher auditor trainer curator receptionist manager analyst editor secretary""".split()

JOB_LEVELS = ["senior", "junior", "chief", "deputy", "night", "regional", "assistant", "head", "site", "team"]

HOBBIES = """chess fishing painting gardening cycling singing pottery climbing swimming photography woodworking
birdwatching cooking knitting astronomy archery sailing dancing running juggling skating origami rowing
beekeeping calligraphy""".split()

WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

MONTHS = "January February March April May June July August September October November December".split()

NUMBER_WORDS = "two three four five six seven eight nine ten eleven twelve fourteen twenty thirty".split()

STREETS = "Street Road Lane Avenue Square Quay Alley Way Hill Row".split()

FIRMS = [
    "Works",
    "Ltd",
    "& Sons",
    "Group",
    "Systems",
    "Supplies",
    "Foundation",
    "Partners",
    "Labs",
    "Trading",
    "Brothers",
    "Studio",
    "Logistics",
    "Bank",
    "Insurance",
    "Foods",
]

EVENTS = [
    "festival",
    "workshop",
    "conference",
    "course",
    "fair",
    "meeting",
    "concert",
    "race",
    "training",
    "seminar",
    "exhibition",
    "market",
    "dinner",
]

SERVICES = [
    "plan",
    "service",
    "subscription",
    "policy",
    "scheme",
    "programme",
    "insurance",
    "contract",
    "package",
    "leave",
    "allowance",
    "delivery",
]

OFFICES = ["office", "branch", "warehouse", "shop", "clinic", "library", "depot", "building", "centre", "lab"]

REFERENCES = {
    "company": ["the company", "the firm", "it", "this company"],
    "product": ["it", "the device", "this product", "the product", "this model"],
    "person": ["this colleague", "our colleague", "this person"],
    "place": ["the town", "it", "this town", "the place"],
    "office": ["the site", "it", "this location", "the place"],
    "event": ["the event", "it", "this event"],
    "service": ["it", "the offer", "this service", "the arrangement"],
}

FILLERS = [
    "Please read this page with care.",
    "This text was last checked by the {j}.",
    "More can be found in the {n} guide.",
    "Many people ask about this.",
    "The {a} {n} is not part of it.",
    "For other matters, see the {a} {n} page.",
    "Nothing has changed since last year.",
    "We thank everyone who helped.",
    "Keep this note with the {n}.",
    "If you are not sure, ask the {j}.",
    "The {n} and the {n} are described elsewhere.",
    "There was a long talk about the {a} {n}.",
    "A {a} {n} stood next to the {n}.",
    "Some say the {n} is {a}.",
    "The weather was {a} that day.",
    "Do not {v} the {n} without asking.",
    "You may {v} the {n} at any time.",
    "The {j} likes to {v} the {a} {n}.",
    "Our team is happy to help with the {n}.",
    "It took a while to {v} the {n}.",
    "Remember to {v} your {n} before you leave.",
    "This does not apply to the {n}.",
    "The rules for the {n} are the same for everyone.",
    "Copies are kept in the {a} {n}.",
    "In most cases the {n} is ready on the same day.",
    "A {n} can be added later.",
]

DEEDS = [
    pair.split("/")
    for pair in """sell/sold buy/bought paint/painted find/found lose/lost repair/repaired open/opened
visit/visited move/moved clean/cleaned steal/stole borrow/borrowed deliver/delivered design/designed build/built
describe/described recommend/recommended win/won photograph/photographed wash/washed inspect/inspected order/ordered
return/returned carry/carried break/broke hide/hid discover/discovered replace/replaced praise/praised study/studied
collect/collected choose/chose approve/approved refuse/refused present/presented draw/drew test/tested examine/examined
rent/rented donate/donated receive/received finish/finished announce/announced close/closed""".split()
]
