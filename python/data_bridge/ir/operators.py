"""Facts of update operators and stages.

Written by `make generate` from `ir/catalog/*.toml`: change those.
"""

#: By update operator, what its operand is and the types of fields it makes sense for.
UPDATES: dict[str, tuple[str, tuple[str, ...]]] = {
    "$currentDate": ("date_type", ("date", "timestamp")),
    "$inc": ("number", ("number",)),
    "$max": ("value", ("any",)),
    "$min": ("value", ("any",)),
    "$mul": ("number", ("number",)),
    "$rename": ("path", ("any",)),
    "$set": ("value", ("any",)),
    "$setOnInsert": ("value", ("any",)),
    "$unset": ("nothing", ("any",)),
    "$addToSet": ("element", ("array",)),
    "$pop": ("end", ("array",)),
    "$pull": ("condition", ("array",)),
    "$pullAll": ("elements", ("array",)),
    "$push": ("element", ("array",)),
    "$bit": ("bits", ("int",)),
}

#: The stages that an update pipeline may use.
UPDATE_STAGES = frozenset(["$addFields", "$project", "$replaceRoot", "$replaceWith", "$set", "$unset"])
