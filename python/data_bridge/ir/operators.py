"""Facts of operators and stages.

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

#: The operators that stand under a field of a filter.
FIELD_OPERATORS = frozenset(
    [
        "$all",
        "$bitsAllClear",
        "$bitsAllSet",
        "$bitsAnyClear",
        "$bitsAnySet",
        "$elemMatch",
        "$eq",
        "$exists",
        "$geoIntersects",
        "$geoWithin",
        "$gt",
        "$gte",
        "$in",
        "$lt",
        "$lte",
        "$mod",
        "$ne",
        "$near",
        "$nearSphere",
        "$nin",
        "$not",
        "$regex",
        "$size",
        "$type",
    ]
)

#: The operators that stand at the top of a filter.
FILTER_OPERATORS = frozenset(
    ["$and", "$comment", "$expr", "$jsonSchema", "$nor", "$or", "$sampleRate", "$text", "$where"]
)

#: All stages of pipelines.
STAGES = frozenset(
    [
        "$addFields",
        "$bucket",
        "$bucketAuto",
        "$changeStream",
        "$changeStreamSplitLargeEvent",
        "$collStats",
        "$count",
        "$currentOp",
        "$densify",
        "$documents",
        "$facet",
        "$fill",
        "$geoNear",
        "$graphLookup",
        "$group",
        "$indexStats",
        "$limit",
        "$listClusterCatalog",
        "$listLocalSessions",
        "$listSampledQueries",
        "$listSearchIndexes",
        "$listSessions",
        "$lookup",
        "$match",
        "$merge",
        "$out",
        "$planCacheStats",
        "$project",
        "$querySettings",
        "$queryStats",
        "$rankFusion",
        "$redact",
        "$replaceRoot",
        "$replaceWith",
        "$rerank",
        "$sample",
        "$score",
        "$scoreFusion",
        "$search",
        "$searchMeta",
        "$set",
        "$setWindowFields",
        "$shardedDataDistribution",
        "$skip",
        "$sort",
        "$sortByCount",
        "$unionWith",
        "$unset",
        "$unwind",
        "$vectorSearch",
    ]
)

#: The stages that tell of the server, and not of what a collection holds.
SERVER_STAGES = frozenset(
    [
        "$collStats",
        "$currentOp",
        "$indexStats",
        "$listClusterCatalog",
        "$listLocalSessions",
        "$listSampledQueries",
        "$listSearchIndexes",
        "$listSessions",
        "$planCacheStats",
        "$querySettings",
        "$queryStats",
        "$shardedDataDistribution",
    ]
)

#: The stages that an update pipeline may use.
UPDATE_STAGES = frozenset(["$addFields", "$project", "$replaceRoot", "$replaceWith", "$set", "$unset"])
