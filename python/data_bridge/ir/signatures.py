"""What operators and stages take, by their MQL names.

Written by `make generate` from `ir/catalog/*.toml`: change those.
"""

from .signature import Argument, Signature

#: Aggregation expressions.
EXPRESSIONS: dict[str, Signature] = {
    "$abs": Signature("single", (Argument("number", ("number",)),)),
    "$acos": Signature("single", (Argument("number", ("number",)),)),
    "$acosh": Signature("single", (Argument("number", ("number",)),)),
    "$add": Signature("single", (Argument("terms", ("number", "date"), stars="*"),)),
    "$allElementsTrue": Signature("array", (Argument("array", ("array",)),)),
    "$and": Signature("single", (Argument("terms", ("any",), stars="*"),)),
    "$anyElementTrue": Signature("array", (Argument("array", ("array",)),)),
    "$arrayElemAt": Signature("array", (Argument("array", ("array",)), Argument("index", ("int",)))),
    "$arrayToObject": Signature("array", (Argument("array", ("array",)),)),
    "$asin": Signature("single", (Argument("number", ("number",)),)),
    "$asinh": Signature("single", (Argument("number", ("number",)),)),
    "$atan": Signature("single", (Argument("number", ("number",)),)),
    "$atan2": Signature("array", (Argument("y", ("number",)), Argument("x", ("number",)))),
    "$atanh": Signature("single", (Argument("number", ("number",)),)),
    "$avg": Signature("single", (Argument("values", ("any",), stars="*"),)),
    "$binarySize": Signature("single", (Argument("value", ("string", "binary")),)),
    "$bitAnd": Signature("single", (Argument("numbers", ("int",), stars="*"),)),
    "$bitNot": Signature("single", (Argument("number", ("int",)),)),
    "$bitOr": Signature("single", (Argument("numbers", ("int",), stars="*"),)),
    "$bitXor": Signature("single", (Argument("numbers", ("int",), stars="*"),)),
    "$bottom": Signature(
        "object",
        (Argument("input", ("array",)), Argument("sortBy", ("sort",)), Argument("output", ("any",), optional=True)),
    ),
    "$bottomN": Signature(
        "object",
        (
            Argument("input", ("array",)),
            Argument("n", ("int",)),
            Argument("sortBy", ("sort",)),
            Argument("output", ("any",), optional=True),
        ),
    ),
    "$bsonSize": Signature("single", (Argument("document", ("object",)),)),
    "$ceil": Signature("single", (Argument("number", ("number",)),)),
    "$cmp": Signature("array", (Argument("left", ("any",)), Argument("right", ("any",)))),
    "$concat": Signature("single", (Argument("texts", ("string",), stars="*"),)),
    "$concatArrays": Signature("single", (Argument("arrays", ("array",), stars="*"),)),
    "$cond": Signature(
        "object", (Argument("if", ("any",)), Argument("then", ("any",)), Argument("else", ("any",))), short="array"
    ),
    "$convert": Signature(
        "object",
        (
            Argument("input", ("any",)),
            Argument("to", ("any",)),
            Argument("base", ("int",), optional=True),
            Argument("byteOrder", ("string",), optional=True),
            Argument("format", ("string",), optional=True),
            Argument("onError", ("any",), optional=True),
            Argument("onNull", ("any",), optional=True),
        ),
    ),
    "$cos": Signature("single", (Argument("radians", ("number",)),)),
    "$cosh": Signature("single", (Argument("radians", ("number",)),)),
    "$createObjectId": Signature("object", ()),
    "$dateAdd": Signature(
        "object",
        (
            Argument("startDate", ("date",)),
            Argument("unit", ("string",)),
            Argument("amount", ("int",)),
            Argument("timezone", ("string",), optional=True),
        ),
    ),
    "$dateDiff": Signature(
        "object",
        (
            Argument("startDate", ("date",)),
            Argument("endDate", ("date",)),
            Argument("unit", ("string",)),
            Argument("timezone", ("string",), optional=True),
            Argument("startOfWeek", ("string",), optional=True),
        ),
    ),
    "$dateFromParts": Signature(
        "object",
        (
            Argument("year", ("int",), optional=True),
            Argument("isoWeekYear", ("int",), optional=True),
            Argument("month", ("int",), optional=True),
            Argument("isoWeek", ("int",), optional=True),
            Argument("day", ("int",), optional=True),
            Argument("isoDayOfWeek", ("int",), optional=True),
            Argument("hour", ("int",), optional=True),
            Argument("minute", ("int",), optional=True),
            Argument("second", ("int",), optional=True),
            Argument("millisecond", ("int",), optional=True),
            Argument("timezone", ("string",), optional=True),
        ),
    ),
    "$dateFromString": Signature(
        "object",
        (
            Argument("dateString", ("string",)),
            Argument("format", ("string",), optional=True),
            Argument("timezone", ("string",), optional=True),
            Argument("onError", ("any",), optional=True),
            Argument("onNull", ("any",), optional=True),
        ),
    ),
    "$dateSubtract": Signature(
        "object",
        (
            Argument("startDate", ("date",)),
            Argument("unit", ("string",)),
            Argument("amount", ("int",)),
            Argument("timezone", ("string",), optional=True),
        ),
    ),
    "$dateToParts": Signature(
        "object",
        (
            Argument("date", ("date",)),
            Argument("timezone", ("string",), optional=True),
            Argument("iso8601", ("bool",), optional=True),
        ),
    ),
    "$dateToString": Signature(
        "object",
        (
            Argument("date", ("date",)),
            Argument("format", ("string",), optional=True),
            Argument("timezone", ("string",), optional=True),
            Argument("onNull", ("any",), optional=True),
        ),
    ),
    "$dateTrunc": Signature(
        "object",
        (
            Argument("date", ("date",)),
            Argument("unit", ("string",)),
            Argument("binSize", ("number",), optional=True),
            Argument("timezone", ("string",), optional=True),
            Argument("startOfWeek", ("string",), optional=True),
        ),
    ),
    "$dayOfMonth": Signature(
        "object", (Argument("date", ("date",)), Argument("timezone", ("string",), optional=True)), short="single"
    ),
    "$dayOfWeek": Signature(
        "object", (Argument("date", ("date",)), Argument("timezone", ("string",), optional=True)), short="single"
    ),
    "$dayOfYear": Signature(
        "object", (Argument("date", ("date",)), Argument("timezone", ("string",), optional=True)), short="single"
    ),
    "$degreesToRadians": Signature("single", (Argument("degrees", ("number",)),)),
    "$deserializeEJSON": Signature(
        "object", (Argument("input", ("any",)), Argument("onError", ("any",), optional=True))
    ),
    "$divide": Signature("array", (Argument("dividend", ("number",)), Argument("divisor", ("number",)))),
    "$encStrContains": Signature("object", (Argument("input", ("any",)), Argument("substring", ("string", "binary")))),
    "$encStrEndsWith": Signature("object", (Argument("input", ("any",)), Argument("suffix", ("string", "binary")))),
    "$encStrNormalizedEq": Signature("object", (Argument("input", ("any",)), Argument("string", ("string", "binary")))),
    "$encStrStartsWith": Signature("object", (Argument("input", ("any",)), Argument("prefix", ("string", "binary")))),
    "$eq": Signature("array", (Argument("left", ("any",)), Argument("right", ("any",)))),
    "$exp": Signature("single", (Argument("exponent", ("number",)),)),
    "$filter": Signature(
        "object",
        (
            Argument("input", ("array",)),
            Argument("as", ("name",), optional=True),
            Argument("arrayIndexAs", ("name",), optional=True),
            Argument("cond", ("body",), variables=("this",)),
            Argument("limit", ("int",), optional=True),
        ),
    ),
    "$first": Signature("single", (Argument("array", ("array",)),)),
    "$firstN": Signature("object", (Argument("input", ("array",)), Argument("n", ("int",)))),
    "$floor": Signature("single", (Argument("number", ("number",)),)),
    "$function": Signature(
        "object",
        (Argument("body", ("code",)), Argument("args", ("array",)), Argument("lang", ("word",), words=("js",))),
        program=True,
    ),
    "$getField": Signature("object", (Argument("field", ("string",)), Argument("input", ("any",))), short="alone"),
    "$gt": Signature("array", (Argument("left", ("any",)), Argument("right", ("any",)))),
    "$gte": Signature("array", (Argument("left", ("any",)), Argument("right", ("any",)))),
    "$hash": Signature("object", (Argument("input", ("string", "binary")), Argument("algorithm", ("word",)))),
    "$hexHash": Signature("object", (Argument("input", ("string", "binary")), Argument("algorithm", ("word",)))),
    "$hour": Signature(
        "object", (Argument("date", ("date",)), Argument("timezone", ("string",), optional=True)), short="single"
    ),
    "$ifNull": Signature("single", (Argument("values", ("any",), stars="*", least=2),)),
    "$in": Signature("array", (Argument("value", ("any",)), Argument("array", ("array",)))),
    "$indexOfArray": Signature(
        "array",
        (
            Argument("array", ("array",)),
            Argument("search", ("any",)),
            Argument("start", ("int",), optional=True),
            Argument("end", ("int",), optional=True),
        ),
    ),
    "$indexOfBytes": Signature(
        "array",
        (
            Argument("text", ("string",)),
            Argument("search", ("string",)),
            Argument("start", ("int",), optional=True),
            Argument("end", ("int",), optional=True),
        ),
    ),
    "$indexOfCP": Signature(
        "array",
        (
            Argument("text", ("string",)),
            Argument("search", ("string",)),
            Argument("start", ("int",), optional=True),
            Argument("end", ("int",), optional=True),
        ),
    ),
    "$isArray": Signature("array", (Argument("value", ("any",)),)),
    "$isNumber": Signature("single", (Argument("value", ("any",)),)),
    "$isoDayOfWeek": Signature(
        "object", (Argument("date", ("date",)), Argument("timezone", ("string",), optional=True)), short="single"
    ),
    "$isoWeek": Signature(
        "object", (Argument("date", ("date",)), Argument("timezone", ("string",), optional=True)), short="single"
    ),
    "$isoWeekYear": Signature(
        "object", (Argument("date", ("date",)), Argument("timezone", ("string",), optional=True)), short="single"
    ),
    "$last": Signature("single", (Argument("array", ("array",)),)),
    "$lastN": Signature("object", (Argument("input", ("array",)), Argument("n", ("int",)))),
    "$let": Signature("object", (Argument("vars", ("variables",)), Argument("in", ("body",)))),
    "$literal": Signature("single", (Argument("value", ("constant",)),), short="alone"),
    "$ln": Signature("single", (Argument("number", ("number",)),)),
    "$log": Signature("array", (Argument("number", ("number",)), Argument("base", ("number",)))),
    "$log10": Signature("single", (Argument("number", ("number",)),)),
    "$lt": Signature("array", (Argument("left", ("any",)), Argument("right", ("any",)))),
    "$lte": Signature("array", (Argument("left", ("any",)), Argument("right", ("any",)))),
    "$ltrim": Signature("object", (Argument("input", ("string",)), Argument("chars", ("string",), optional=True))),
    "$map": Signature(
        "object",
        (
            Argument("input", ("array",)),
            Argument("as", ("name",), optional=True),
            Argument("arrayIndexAs", ("name",), optional=True),
            Argument("in", ("body",), variables=("this",)),
        ),
    ),
    "$max": Signature("single", (Argument("values", ("any",), stars="*"),)),
    "$maxN": Signature("object", (Argument("input", ("array",)), Argument("n", ("int",)))),
    "$median": Signature(
        "object", (Argument("input", ("number", "array")), Argument("method", ("word",), words=("approximate",)))
    ),
    "$mergeObjects": Signature("single", (Argument("documents", ("object", "array"), stars="*"),)),
    "$meta": Signature("single", (Argument("keyword", ("word",)),), short="alone"),
    "$millisecond": Signature(
        "object", (Argument("date", ("date",)), Argument("timezone", ("string",), optional=True)), short="single"
    ),
    "$min": Signature("single", (Argument("values", ("any",), stars="*"),)),
    "$minN": Signature("object", (Argument("input", ("array",)), Argument("n", ("int",)))),
    "$minute": Signature(
        "object", (Argument("date", ("date",)), Argument("timezone", ("string",), optional=True)), short="single"
    ),
    "$mod": Signature("array", (Argument("dividend", ("number",)), Argument("divisor", ("number",)))),
    "$month": Signature(
        "object", (Argument("date", ("date",)), Argument("timezone", ("string",), optional=True)), short="single"
    ),
    "$multiply": Signature("single", (Argument("factors", ("number",), stars="*"),)),
    "$ne": Signature("array", (Argument("left", ("any",)), Argument("right", ("any",)))),
    "$not": Signature("array", (Argument("term", ("any",)),)),
    "$objectToArray": Signature("single", (Argument("document", ("object",)),)),
    "$or": Signature("single", (Argument("terms", ("any",), stars="*"),)),
    "$percentile": Signature(
        "object",
        (
            Argument("input", ("number", "array")),
            Argument("p", ("array",)),
            Argument("method", ("word",), words=("approximate",)),
        ),
    ),
    "$pow": Signature("array", (Argument("number", ("number",)), Argument("exponent", ("number",)))),
    "$radiansToDegrees": Signature("single", (Argument("radians", ("number",)),)),
    "$rand": Signature("object", ()),
    "$range": Signature(
        "array", (Argument("start", ("int",)), Argument("end", ("int",)), Argument("step", ("int",), optional=True))
    ),
    "$reduce": Signature(
        "object",
        (
            Argument("input", ("array",)),
            Argument("initialValue", ("any",)),
            Argument("in", ("body",), variables=("value", "this")),
            Argument("as", ("name",), optional=True),
            Argument("valueAs", ("name",), optional=True),
            Argument("arrayIndexAs", ("name",), optional=True),
        ),
    ),
    "$regexFind": Signature(
        "object",
        (
            Argument("input", ("string",)),
            Argument("regex", ("string", "regex")),
            Argument("options", ("string",), optional=True),
        ),
    ),
    "$regexFindAll": Signature(
        "object",
        (
            Argument("input", ("string",)),
            Argument("regex", ("string", "regex")),
            Argument("options", ("string",), optional=True),
        ),
    ),
    "$regexMatch": Signature(
        "object",
        (
            Argument("input", ("string",)),
            Argument("regex", ("string", "regex")),
            Argument("options", ("string",), optional=True),
        ),
    ),
    "$replaceAll": Signature(
        "object",
        (Argument("input", ("string",)), Argument("find", ("string", "regex")), Argument("replacement", ("string",))),
    ),
    "$replaceOne": Signature(
        "object",
        (Argument("input", ("string",)), Argument("find", ("string", "regex")), Argument("replacement", ("string",))),
    ),
    "$reverseArray": Signature("single", (Argument("array", ("array",)),)),
    "$round": Signature("array", (Argument("number", ("number",)), Argument("place", ("int",), optional=True))),
    "$rtrim": Signature("object", (Argument("input", ("string",)), Argument("chars", ("string",), optional=True))),
    "$second": Signature(
        "object", (Argument("date", ("date",)), Argument("timezone", ("string",), optional=True)), short="single"
    ),
    "$serializeEJSON": Signature(
        "object",
        (
            Argument("input", ("any",)),
            Argument("relaxed", ("bool",), optional=True),
            Argument("onError", ("any",), optional=True),
        ),
    ),
    "$setDifference": Signature("array", (Argument("array", ("array",)), Argument("without", ("array",)))),
    "$setEquals": Signature("single", (Argument("arrays", ("array",), stars="*", least=2),)),
    "$setField": Signature(
        "object", (Argument("field", ("string",)), Argument("input", ("object",)), Argument("value", ("any",)))
    ),
    "$setIntersection": Signature("single", (Argument("arrays", ("array",), stars="*"),)),
    "$setIsSubset": Signature("array", (Argument("array", ("array",)), Argument("within", ("array",)))),
    "$setUnion": Signature("single", (Argument("arrays", ("array",), stars="*"),)),
    "$sigmoid": Signature("single", (Argument("number", ("number",)),)),
    "$similarityCosine": Signature(
        "object", (Argument("vectors", ("list",)), Argument("score", ("flag",), optional=True))
    ),
    "$similarityDotProduct": Signature(
        "object", (Argument("vectors", ("list",)), Argument("score", ("flag",), optional=True))
    ),
    "$similarityEuclidean": Signature(
        "object", (Argument("vectors", ("list",)), Argument("score", ("flag",), optional=True))
    ),
    "$sin": Signature("single", (Argument("radians", ("number",)),)),
    "$sinh": Signature("single", (Argument("radians", ("number",)),)),
    "$size": Signature("single", (Argument("array", ("array",)),)),
    "$slice": Signature(
        "array", (Argument("array", ("array",)), Argument("position", ("int",), optional=True), Argument("n", ("int",)))
    ),
    "$sortArray": Signature("object", (Argument("input", ("array",)), Argument("sortBy", ("sort",)))),
    "$split": Signature("array", (Argument("text", ("string",)), Argument("delimiter", ("string", "regex")))),
    "$sqrt": Signature("single", (Argument("number", ("number",)),)),
    "$stdDevPop": Signature("single", (Argument("values", ("any",), stars="*"),)),
    "$stdDevSamp": Signature("single", (Argument("values", ("any",), stars="*"),)),
    "$strLenBytes": Signature("single", (Argument("text", ("string",)),)),
    "$strLenCP": Signature("single", (Argument("text", ("string",)),)),
    "$strcasecmp": Signature(
        "array", (Argument("left", ("string", "number", "date")), Argument("right", ("string", "number", "date")))
    ),
    "$substr": Signature(
        "array",
        (Argument("text", ("string", "number", "date")), Argument("start", ("int",)), Argument("length", ("int",))),
    ),
    "$substrBytes": Signature(
        "array",
        (Argument("text", ("string", "number", "date")), Argument("start", ("int",)), Argument("length", ("int",))),
    ),
    "$substrCP": Signature(
        "array",
        (Argument("text", ("string", "number", "date")), Argument("start", ("int",)), Argument("length", ("int",))),
    ),
    "$subtract": Signature(
        "array", (Argument("minuend", ("number", "date")), Argument("subtrahend", ("number", "date")))
    ),
    "$subtype": Signature("single", (Argument("value", ("binary",)),)),
    "$sum": Signature("single", (Argument("values", ("any",), stars="*"),)),
    "$switch": Signature("object", (Argument("branches", ("branches",)), Argument("default", ("any",), optional=True))),
    "$tan": Signature("single", (Argument("radians", ("number",)),)),
    "$tanh": Signature("single", (Argument("radians", ("number",)),)),
    "$toArray": Signature("single", (Argument("value", ("any",)),)),
    "$toBool": Signature("single", (Argument("value", ("any",)),)),
    "$toDate": Signature("single", (Argument("value", ("any",)),)),
    "$toDecimal": Signature("single", (Argument("value", ("any",)),)),
    "$toDouble": Signature("single", (Argument("value", ("any",)),)),
    "$toHashedIndexKey": Signature("single", (Argument("value", ("any",)),), short="alone"),
    "$toInt": Signature("single", (Argument("value", ("any",)),)),
    "$toLong": Signature("single", (Argument("value", ("any",)),)),
    "$toLower": Signature("single", (Argument("text", ("string", "number", "date")),)),
    "$toObject": Signature("single", (Argument("value", ("any",)),)),
    "$toObjectId": Signature("single", (Argument("value", ("any",)),)),
    "$toString": Signature("single", (Argument("value", ("any",)),)),
    "$toUUID": Signature("single", (Argument("value", ("any",)),)),
    "$toUpper": Signature("single", (Argument("text", ("string", "number", "date")),)),
    "$top": Signature(
        "object",
        (Argument("input", ("array",)), Argument("sortBy", ("sort",)), Argument("output", ("any",), optional=True)),
    ),
    "$topN": Signature(
        "object",
        (
            Argument("input", ("array",)),
            Argument("n", ("int",)),
            Argument("sortBy", ("sort",)),
            Argument("output", ("any",), optional=True),
        ),
    ),
    "$trim": Signature("object", (Argument("input", ("string",)), Argument("chars", ("string",), optional=True))),
    "$trunc": Signature("array", (Argument("number", ("number",)), Argument("place", ("int",), optional=True))),
    "$tsIncrement": Signature("single", (Argument("timestamp", ("timestamp",)),)),
    "$tsSecond": Signature("single", (Argument("timestamp", ("timestamp",)),)),
    "$type": Signature("single", (Argument("value", ("any",)),)),
    "$unsetField": Signature("object", (Argument("field", ("string",)), Argument("input", ("object",)))),
    "$week": Signature(
        "object", (Argument("date", ("date",)), Argument("timezone", ("string",), optional=True)), short="single"
    ),
    "$year": Signature(
        "object", (Argument("date", ("date",)), Argument("timezone", ("string",), optional=True)), short="single"
    ),
    "$zip": Signature(
        "object",
        (
            Argument("inputs", ("list",)),
            Argument("useLongestLength", ("flag",), optional=True),
            Argument("defaults", ("list",), optional=True),
        ),
    ),
}

#: Accumulators.
ACCUMULATORS: dict[str, Signature] = {
    "$accumulator": Signature(
        "object",
        (
            Argument("init", ("code",)),
            Argument("initArgs", ("array",), optional=True),
            Argument("accumulate", ("code",)),
            Argument("accumulateArgs", ("array",)),
            Argument("merge", ("code",)),
            Argument("finalize", ("code",), optional=True),
            Argument("lang", ("word",), optional=True, words=("js",)),
        ),
        program=True,
    ),
    "$addToSet": Signature("single", (Argument("of", ("any",)),)),
    "$avg": Signature("single", (Argument("of", ("number",)),)),
    "$bottom": Signature("object", (Argument("sortBy", ("sort",)), Argument("output", ("any",)))),
    "$bottomN": Signature(
        "object", (Argument("n", ("int",)), Argument("sortBy", ("sort",)), Argument("output", ("any",)))
    ),
    "$concatArrays": Signature("single", (Argument("of", ("array",)),)),
    "$count": Signature("object", ()),
    "$first": Signature("single", (Argument("of", ("any",)),)),
    "$firstN": Signature("object", (Argument("input", ("any",)), Argument("n", ("int",)))),
    "$last": Signature("single", (Argument("of", ("any",)),)),
    "$lastN": Signature("object", (Argument("input", ("any",)), Argument("n", ("int",)))),
    "$max": Signature("single", (Argument("of", ("any",)),)),
    "$maxN": Signature("object", (Argument("input", ("any",)), Argument("n", ("int",)))),
    "$median": Signature(
        "object", (Argument("input", ("number",)), Argument("method", ("word",), words=("approximate",)))
    ),
    "$mergeObjects": Signature("single", (Argument("of", ("object",)),)),
    "$min": Signature("single", (Argument("of", ("any",)),)),
    "$minN": Signature("object", (Argument("input", ("any",)), Argument("n", ("int",)))),
    "$percentile": Signature(
        "object",
        (
            Argument("input", ("number",)),
            Argument("p", ("array",)),
            Argument("method", ("word",), words=("approximate",)),
        ),
    ),
    "$push": Signature("single", (Argument("of", ("any",)),)),
    "$setUnion": Signature("single", (Argument("of", ("array",)),)),
    "$stdDevPop": Signature("single", (Argument("of", ("number",)),)),
    "$stdDevSamp": Signature("single", (Argument("of", ("number",)),)),
    "$sum": Signature("single", (Argument("of", ("number",)),)),
    "$top": Signature("object", (Argument("sortBy", ("sort",)), Argument("output", ("any",)))),
    "$topN": Signature(
        "object", (Argument("n", ("int",)), Argument("sortBy", ("sort",)), Argument("output", ("any",)))
    ),
}

#: Window functions.
WINDOWS: dict[str, Signature] = {
    "$covariancePop": Signature("array", (Argument("left", ("number",)), Argument("right", ("number",)))),
    "$covarianceSamp": Signature("array", (Argument("left", ("number",)), Argument("right", ("number",)))),
    "$denseRank": Signature("object", ()),
    "$derivative": Signature(
        "object",
        (
            Argument("input", ("number", "date")),
            Argument(
                "unit", ("word",), optional=True, words=("week", "day", "hour", "minute", "second", "millisecond")
            ),
        ),
    ),
    "$documentNumber": Signature("object", ()),
    "$expMovingAvg": Signature(
        "object",
        (
            Argument("input", ("number",)),
            Argument("N", ("int",), optional=True),
            Argument("alpha", ("number",), optional=True),
        ),
    ),
    "$integral": Signature(
        "object",
        (
            Argument("input", ("number", "date")),
            Argument(
                "unit", ("word",), optional=True, words=("week", "day", "hour", "minute", "second", "millisecond")
            ),
        ),
    ),
    "$linearFill": Signature("single", (Argument("of", ("number",)),)),
    "$locf": Signature("single", (Argument("of", ("any",)),)),
    "$minMaxScaler": Signature(
        "object",
        (
            Argument("input", ("number",)),
            Argument("min", ("number",), optional=True),
            Argument("max", ("number",), optional=True),
        ),
    ),
    "$rank": Signature("object", ()),
    "$shift": Signature(
        "object", (Argument("output", ("any",)), Argument("by", ("int",)), Argument("default", ("any",), optional=True))
    ),
}

#: Stages.
STAGES: dict[str, Signature] = {
    "$addFields": Signature("single", (Argument("fields", ("any",), stars="**"),)),
    "$bucket": Signature(
        "object",
        (
            Argument("groupBy", ("any",)),
            Argument("boundaries", ("array",)),
            Argument("default", ("any",), optional=True),
            Argument("output", ("accumulators",), optional=True),
        ),
    ),
    "$bucketAuto": Signature(
        "object",
        (
            Argument("groupBy", ("any",)),
            Argument("buckets", ("int",)),
            Argument("output", ("accumulators",), optional=True),
            Argument(
                "granularity",
                ("word",),
                optional=True,
                words=(
                    "R5",
                    "R10",
                    "R20",
                    "R40",
                    "R80",
                    "1-2-5",
                    "E6",
                    "E12",
                    "E24",
                    "E48",
                    "E96",
                    "E192",
                    "POWERSOF2",
                ),
            ),
        ),
    ),
    "$changeStream": Signature(
        "object",
        (
            Argument("allChangesForCluster", ("flag",), optional=True),
            Argument(
                "fullDocument", ("word",), optional=True, words=("default", "required", "updateLookup", "whenAvailable")
            ),
            Argument("fullDocumentBeforeChange", ("word",), optional=True, words=("off", "required", "whenAvailable")),
            Argument("resumeAfter", ("constant",), optional=True),
            Argument("showExpandedEvents", ("flag",), optional=True),
            Argument("startAfter", ("constant",), optional=True),
            Argument("startAtOperationTime", ("constant",), optional=True),
        ),
    ),
    "$changeStreamSplitLargeEvent": Signature("object", ()),
    "$collStats": Signature(
        "object",
        (
            Argument("latencyStats", ("constant",), optional=True),
            Argument("storageStats", ("constant",), optional=True),
            Argument("count", ("constant",), optional=True),
            Argument("queryExecStats", ("constant",), optional=True),
        ),
    ),
    "$count": Signature("single", (Argument("name", ("field",)),)),
    "$currentOp": Signature(
        "object",
        (
            Argument("allUsers", ("flag",), optional=True),
            Argument("idleConnections", ("flag",), optional=True),
            Argument("idleCursors", ("flag",), optional=True),
            Argument("idleSessions", ("flag",), optional=True),
            Argument("localOps", ("flag",), optional=True),
            Argument("targetAllNodes", ("flag",), optional=True),
        ),
    ),
    "$densify": Signature(
        "object",
        (
            Argument("field", ("path",)),
            Argument("partitionByFields", ("paths",), optional=True),
            Argument("range", ("range",)),
        ),
    ),
    "$documents": Signature("single", (Argument("documents", ("any",)),)),
    "$facet": Signature("single", (Argument("pipelines", ("pipeline",), stars="**"),)),
    "$fill": Signature(
        "object",
        (
            Argument("partitionBy", ("partition",), optional=True),
            Argument("partitionByFields", ("paths",), optional=True),
            Argument("sortBy", ("sort",), optional=True),
            Argument("output", ("fills",)),
        ),
    ),
    "$geoNear": Signature(
        "object",
        (
            Argument("near", ("geometry",)),
            Argument("distanceField", ("field",), optional=True),
            Argument("distanceMultiplier", ("number",), optional=True),
            Argument("includeLocs", ("field",), optional=True),
            Argument("key", ("path",), optional=True),
            Argument("maxDistance", ("number",), optional=True),
            Argument("minDistance", ("number",), optional=True),
            Argument("query", ("query",), optional=True),
            Argument("spherical", ("flag",), optional=True),
        ),
    ),
    "$graphLookup": Signature(
        "object",
        (
            Argument("from", ("collection",)),
            Argument("startWith", ("any",)),
            Argument("connectFromField", ("path",)),
            Argument("connectToField", ("path",)),
            Argument("as", ("field",)),
            Argument("maxDepth", ("int",), optional=True),
            Argument("depthField", ("field",), optional=True),
            Argument("restrictSearchWithMatch", ("query",), optional=True),
        ),
    ),
    "$group": Signature("object", (Argument("_id", ("any",)), Argument("outputs", ("accumulators",), stars="**"))),
    "$indexStats": Signature("object", ()),
    "$limit": Signature("single", (Argument("count", ("int",)),)),
    "$listClusterCatalog": Signature(
        "object",
        (
            Argument("shards", ("flag",), optional=True),
            Argument("tracked", ("flag",), optional=True),
            Argument("balancingConfiguration", ("flag",), optional=True),
        ),
    ),
    "$listLocalSessions": Signature(
        "object", (Argument("users", ("constant",), optional=True), Argument("allUsers", ("flag",), optional=True))
    ),
    "$listSampledQueries": Signature("object", (Argument("namespace", ("word",), optional=True),)),
    "$listSearchIndexes": Signature(
        "object", (Argument("id", ("word",), optional=True), Argument("name", ("word",), optional=True))
    ),
    "$listSessions": Signature(
        "object", (Argument("users", ("constant",), optional=True), Argument("allUsers", ("flag",), optional=True))
    ),
    "$lookup": Signature(
        "object",
        (
            Argument("from", ("collection",), optional=True),
            Argument("localField", ("path",), optional=True),
            Argument("foreignField", ("path",), optional=True),
            Argument("let", ("variables",), optional=True),
            Argument("pipeline", ("pipeline",), optional=True),
            Argument("as", ("field",)),
        ),
    ),
    "$match": Signature("single", (Argument("predicate", ("query",)),)),
    "$merge": Signature(
        "object",
        (
            Argument("into", ("target",)),
            Argument("on", ("paths",), optional=True),
            Argument("let", ("variables",), optional=True),
            Argument("whenMatched", ("when_matched",), optional=True),
            Argument("whenNotMatched", ("word",), optional=True, words=("insert", "discard", "fail")),
        ),
    ),
    "$out": Signature(
        "object",
        (
            Argument("db", ("word",)),
            Argument("coll", ("collection",)),
            Argument("timeseries", ("constant",), optional=True),
        ),
    ),
    "$planCacheStats": Signature("object", (Argument("allHosts", ("flag",), optional=True),)),
    "$project": Signature("single", (Argument("fields", ("any",), stars="**"),)),
    "$querySettings": Signature("object", (Argument("showDebugQueryShape", ("flag",), optional=True),)),
    "$queryStats": Signature("object", (Argument("transformIdentifiers", ("constant",), optional=True),)),
    "$rankFusion": Signature(
        "object",
        (
            Argument("input", ("pipelines",)),
            Argument("combination", ("constant",), optional=True),
            Argument("scoreDetails", ("flag",), optional=True),
        ),
    ),
    "$redact": Signature("single", (Argument("expression", ("any",)),)),
    "$replaceRoot": Signature("object", (Argument("newRoot", ("any",)),)),
    "$replaceWith": Signature("single", (Argument("expression", ("any",)),)),
    "$rerank": Signature(
        "object",
        (
            Argument("model", ("word",)),
            Argument("query", ("constant",)),
            Argument("path", ("constant",)),
            Argument("numDocsToRerank", ("int",)),
        ),
    ),
    "$sample": Signature("object", (Argument("size", ("int",)),)),
    "$score": Signature(
        "object",
        (
            Argument("score", ("any",)),
            Argument("normalization", ("word",), optional=True, words=("none", "sigmoid", "minMaxScaler")),
            Argument("weight", ("any",), optional=True),
            Argument("scoreDetails", ("flag",), optional=True),
        ),
    ),
    "$scoreFusion": Signature(
        "object",
        (
            Argument("input", ("pipelines",)),
            Argument("combination", ("constant",), optional=True),
            Argument("scoreDetails", ("flag",), optional=True),
        ),
    ),
    "$search": Signature("single", (Argument("specification", ("constant",)),)),
    "$searchMeta": Signature("single", (Argument("specification", ("constant",)),)),
    "$set": Signature("single", (Argument("fields", ("any",), stars="**"),)),
    "$setWindowFields": Signature(
        "object",
        (
            Argument("partitionBy", ("any",), optional=True),
            Argument("sortBy", ("sort",), optional=True),
            Argument("output", ("windows",)),
        ),
    ),
    "$shardedDataDistribution": Signature("object", ()),
    "$skip": Signature("single", (Argument("count", ("int",)),)),
    "$sort": Signature("single", (Argument("keys", ("sort",)),)),
    "$sortByCount": Signature("single", (Argument("by", ("any",)),)),
    "$unionWith": Signature(
        "object", (Argument("coll", ("collection",), optional=True), Argument("pipeline", ("pipeline",), optional=True))
    ),
    "$unset": Signature("single", (Argument("fields", ("path",), stars="*", least=1),)),
    "$unwind": Signature(
        "object",
        (
            Argument("path", ("path",)),
            Argument("includeArrayIndex", ("field",), optional=True),
            Argument("preserveNullAndEmptyArrays", ("flag",), optional=True),
        ),
    ),
    "$vectorSearch": Signature(
        "object",
        (
            Argument("index", ("word",)),
            Argument("path", ("word",)),
            Argument("limit", ("int",)),
            Argument("queryVector", ("constant",), optional=True),
            Argument("exact", ("flag",), optional=True),
            Argument("filter", ("search_filter",), optional=True),
            Argument("numCandidates", ("int",), optional=True),
            Argument("returnStoredSource", ("flag",), optional=True),
            Argument("nestedOptions", ("constant",), optional=True),
            Argument("parentFilter", ("search_filter",), optional=True),
            Argument("query", ("constant",), optional=True),
            Argument("model", ("word",), optional=True),
        ),
    ),
}
