"""Text without a meaning that looks like text: common English words, in sentences. Pure.

Most tokenizers have each of these words, with the blank before it, as one token.
"""

import random
from functools import lru_cache
from itertools import islice

_LISTED = """
able about above across action after again against age air almost along already also always among animal answer
any appear area around art ask away back bank bear beautiful because become bed before began begin behind best
better between bird black blue board boat body book both bottom box boy bread bring brother brought build
building business buy call came car care carry case cause center certain chance change check child children
choose church circle city class clear close cold color come common complete contain control cook corner cost
could country course cover cross cut dark daughter day deal deep depend develop direct distance doctor dog done
door down draw dream dress drive during each early earth east easy eat edge effect eight else end energy engine
enough evening event ever every example eye face fact fall family far farm fast father feel few field figure
fill final find fine finger finish fire first fish five floor fly follow food foot force forest form forward
found four free fresh friend from front full game garden gave general girl give glass gold good govern grass
great green ground group grow half hand happen happy hard have head hear heart heat heavy help here high hill
history hold home horse hot hour house human hundred idea inch interest iron island join jump just keep kind
king knew know land language large last late laugh law lead learn leave left letter level life light like line
list listen little live long look lost low machine main many map mark market matter mean measure meet member
metal middle might mile milk mind minute miss modern money month moon morning most mother mountain mouth move
much music must name nation nature near need never new next night north note nothing notice number object
ocean offer office often old once only open order other over page paint paper part party pass past pattern
pay people person picture piece place plain plan plant play point poor position possible power present press
problem produce proper public pull question quick quiet race rain raise reach read ready real reason record red
region remember rest result rich ride right ring rise river road rock room round rule run safe said sail salt
same sand save school science sea season seat second see seed sell send sentence separate serve set seven
several shape share sharp ship shore short should show side sign silver simple since sing sister six size skin
sky sleep slow small snow soft soil some song soon sound south space speak special speed spring square stand
star start state stay step still stone stood stop store story street strong student study such summer sun sure
surface table take talk tall teacher tell ten test thank their them then there these thing think third though
thought thousand three through time together told took top toward town track trade train travel tree true try
turn twenty under unit until use usual valley very village visit voice wait walk wall want warm watch water way
weather week weight well west what wheel where while white whole wide wild will wind window winter wish with
without woman wonder wood word work world would write year yellow yes young
"""
WORDS = tuple(_LISTED.split())
SHORTEST = min(map(len, WORDS))


@lru_cache(maxsize=4)
def shuffled(seed: int) -> tuple[str, ...]:
    """The words in an order that goes with the seed."""
    words = list(WORDS)
    random.Random(f"{seed}/words").shuffle(words)  # noqa: S311 - fairness is wanted here, not secrecy
    return tuple(words)


def name_of(number: int, words: tuple[str, ...]) -> list[str]:
    """The number in words of two digits or more, the lowest first: no two numbers have the same beginning for long."""
    digits: list[str] = []
    while number or len(digits) < 2:
        number, digit = divmod(number, len(words))
        digits.append(words[digit])
    return digits


def prose(begins: list[str], count: int, chance: random.Random) -> str:
    """So many words in sentences of six to sixteen, these first and the others by chance."""
    words = iter([*begins, *chance.choices(WORDS, k=max(count - len(begins), 0))])
    sentences = []
    while sentence := list(islice(words, chance.randint(6, 16))):
        sentences.append(" ".join(sentence).capitalize())
    return ". ".join(sentences) + "."
