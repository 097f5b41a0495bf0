"""What a room is joined by."""

import secrets

WORDS = (
    "acorn amber apple april arrow aspen atlas autumn badge baker bamboo basil beach berry birch bloom brook cabin cacao "
    "camel candle canoe cedar chalk cherry cliff clover cobalt cocoa comet copper coral cotton cricket crown daisy dawn "
    "delta desert dove drift dune eagle ember falcon fern fiddle field finch flame flint forest fox garnet ginger glade "
    "grape grove gull harbor hazel heron hill honey iris island ivory ivy jade jasper jungle juniper kelp kite lagoon "
    "lake lantern lark laurel leaf lemon lilac lily linen lotus lunar lynx maple marble marsh meadow mellow mint mist "
    "moon moss nectar north nutmeg oak oasis ocean olive onyx opal orchid osprey otter owl palm panda papaya peach pearl "
    "pebble pepper pine planet plum pollen pond poppy prairie quail quartz rain raven reef ridge river robin rocket rose "
    "ruby saffron sage salmon sand sapphire seal shell shore silver sky snow spark spruce star stone storm summer sun "
    "swan tango teal thistle thyme tiger topaz trail tulip tundra valley velvet violet walnut wave willow wind winter "
    "wren yarrow zebra"
).split()


def new_word() -> str:
    """What a room is joined by: "fern-otter-417", one of more than twenty million."""
    first, second = secrets.choice(WORDS), secrets.choice(WORDS)
    return f"{first}-{second}-{secrets.randbelow(900) + 100}"
