#!/usr/bin/python3
"""page_formats_test.py PRINT_PAGE: the formats of one page, read by others' code.

prometheus_client reads text and OpenMetrics, google.protobuf the protobuf format. All three must
have the same series, values and types, and the labels must be the hostile ones that print_page puts
in.
"""

import subprocess
import sys

try:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2
    from google.protobuf.internal.decoder import _DecodeVarint32
    from prometheus_client import parser
    from prometheus_client.openmetrics import parser as openmetrics_parser
except ImportError as error:
    sys.exit(f"{error}; on Debian: apt-get install python3-prometheus-client python3-protobuf")

# The schema, as https://github.com/prometheus/client_model publishes it in
# io/prometheus/client/metrics.proto: number, label, type and name of each field.
PACKAGE = "io.prometheus.client"
SCHEMA = {
    "LabelPair": "1 optional string name, 2 optional string value",
    "Gauge": "1 optional double value",
    "Counter": "1 optional double value, 2 optional Exemplar exemplar,"
               "3 optional Timestamp created_timestamp",
    "Quantile": "1 optional double quantile, 2 optional double value",
    "Summary": "1 optional uint64 sample_count, 2 optional double sample_sum,"
               "3 repeated Quantile quantile, 4 optional Timestamp created_timestamp",
    "Untyped": "1 optional double value",
    "Histogram": "1 optional uint64 sample_count, 4 optional double sample_count_float,"
                 "2 optional double sample_sum, 3 repeated Bucket bucket,"
                 "15 optional Timestamp created_timestamp, 5 optional sint32 schema,"
                 "6 optional double zero_threshold, 7 optional uint64 zero_count,"
                 "8 optional double zero_count_float, 9 repeated BucketSpan negative_span,"
                 "10 repeated sint64 negative_delta, 11 repeated double negative_count,"
                 "12 repeated BucketSpan positive_span, 13 repeated sint64 positive_delta,"
                 "14 repeated double positive_count, 16 repeated Exemplar exemplars",
    "Bucket": "1 optional uint64 cumulative_count, 4 optional double cumulative_count_float,"
              "2 optional double upper_bound, 3 optional Exemplar exemplar",
    "BucketSpan": "1 optional sint32 offset, 2 optional uint32 length",
    "Exemplar": "1 repeated LabelPair label, 2 optional double value,"
                "3 optional Timestamp timestamp",
    "Metric": "1 repeated LabelPair label, 2 optional Gauge gauge, 3 optional Counter counter,"
              "4 optional Summary summary, 5 optional Untyped untyped,"
              "7 optional Histogram histogram, 6 optional int64 timestamp_ms",
    "MetricFamily": "1 optional string name, 2 optional string help, 3 optional MetricType type,"
                    "4 repeated Metric metric, 5 optional string unit",
}
TYPES = ["counter", "gauge", "summary", "untyped", "histogram", "gauge_histogram"]

HOSTILE_NAMES = {'quotes"and\\backslash', '},{ x="y" 1', "ends with a backslash\\", "Grüß"}
# A byte that is not UTF-8 becomes the text \xff.
HOSTILE_IMAGES = {"line\nbreak", "# EOF\n# TYPE x counter\n", "\\xff\\xfe\\xc0\\xaf", '\\n\\"'}


def metric_family_class():
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="metrics.proto", package=PACKAGE, syntax="proto2",
        dependency=["google/protobuf/timestamp.proto"])
    enum = file.enum_type.add(name="MetricType")
    for number, name in enumerate(TYPES):
        enum.value.add(name=name.upper(), number=number)
    for name, fields in SCHEMA.items():
        message = file.message_type.add(name=name)
        for text in fields.split(","):
            number, label, kind, field_name = text.split()
            added = message.field.add(name=field_name, number=int(number),
                                      label=getattr(field, "LABEL_" + label.upper()))
            if kind == "Timestamp":
                added.type, added.type_name = field.TYPE_MESSAGE, ".google.protobuf.Timestamp"
            elif kind == "MetricType":
                added.type, added.type_name = field.TYPE_ENUM, f".{PACKAGE}.{kind}"
            elif kind in SCHEMA:
                added.type, added.type_name = field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
            else:
                added.type = getattr(field, "TYPE_" + kind.upper())
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    found = pool.FindMessageTypeByName(f"{PACKAGE}.MetricFamily")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(found)
    return message_factory.MessageFactory(pool).GetPrototype(found)


def read_protobuf(page):
    families = []
    family_class = metric_family_class()
    position = 0
    while position < len(page):
        size, position = _DecodeVarint32(page, position)
        family = family_class()
        if family.ParseFromString(page[position:position + size]) != size:
            sys.exit("a message with bytes that do not belong to it")
        if unknown(family):
            sys.exit(f"{family.name} has fields that the schema has not")
        families.append(family)
        position += size
    return families


def unknown(message):
    """Whether parts of the message are not in the schema: they are lost when it is copied by
    fields."""
    copy = type(message)()
    copy.CopyFrom(message)
    copy.DiscardUnknownFields()
    return copy.SerializeToString(deterministic=True) != message.SerializeToString(
        deterministic=True)


def series(name, labels, value):
    labels = dict(labels)
    if "le" in labels:
        labels["le"] = float(labels["le"])
    return (name, tuple(sorted(labels.items(), key=str))), float(value)


def series_of_text(families, not_total=()):
    """The parser of the text format appends _total to counters that have another name."""
    def name_of(sample):
        front = sample.name.removesuffix("_total")
        return front if front in not_total else sample.name

    return unique([series(name_of(sample), sample.labels, sample.value)
                   for family in families for sample in family.samples])


def series_of_protobuf(families):
    found = []
    for family in families:
        for metric in family.metric:
            labels = {label.name: label.value for label in metric.label}
            if len(labels) != len(metric.label):
                sys.exit(f"{family.name} has a label twice")
            kind = TYPES[family.type]
            if not metric.HasField(kind):
                sys.exit(f"{family.name} has a metric that is no {kind}")
            if kind != "histogram":
                found.append(series(family.name, labels, getattr(metric, kind).value))
                continue
            histogram = metric.histogram
            for bucket in histogram.bucket:
                found.append(series(family.name + "_bucket",
                                    labels | {"le": bucket.upper_bound}, bucket.cumulative_count))
            found.append(series(family.name + "_bucket", labels | {"le": "+Inf"},
                                histogram.sample_count))
            found.append(series(family.name + "_count", labels, histogram.sample_count))
            found.append(series(family.name + "_sum", labels, histogram.sample_sum))
    return unique(found)


def unique(found):
    as_dictionary = dict(found)
    if len(as_dictionary) != len(found):
        sys.exit("a series is there twice")
    return as_dictionary


def check_same(name, one, other):
    differences = set(one.items()) ^ set(other.items())
    if differences:
        sys.exit(f"text and {name} differ: {sorted(differences, key=str)[:6]}")


def check_native_histograms(families):
    """The buckets of a native histogram have all observations, within its bounds."""
    checked = 0
    for histogram in (metric.histogram for family in families for metric in family.metric
                      if TYPES[family.type] == "histogram"):
        index = count = used = 0
        total = histogram.zero_count
        for span in histogram.positive_span:
            index += span.offset
            for _ in range(span.length):
                count += histogram.positive_delta[used]
                used += 1
                total += count
                bound = 2 ** (index / 2 ** histogram.schema)
                below = [bucket.cumulative_count for bucket in histogram.bucket
                         if bucket.upper_bound >= bound]
                if below and below[0] < total:
                    sys.exit(f"{total} observations up to {bound}, and {below[0]} in a classic bucket")
                index += 1
        if total != histogram.sample_count or used != len(histogram.positive_delta):
            sys.exit(f"a native histogram does not add up: {histogram}")
        if histogram.zero_threshold <= 0 or not histogram.HasField("schema"):
            sys.exit("a histogram without what makes it native")
        checked += 1
    if not checked:
        sys.exit("there is no histogram")


def check_starts(families):
    for family in families:
        for metric in family.metric:
            kind = TYPES[family.type]
            if kind == "gauge":
                continue
            labels = {label.name: label.value for label in metric.label}
            if not getattr(metric, kind).HasField("created_timestamp"):
                sys.exit(f"{family.name}{labels} does not tell when its count started")


def check_heads(openmetrics, text, protobuf):
    text_types = {family.name: family.type for family in text}
    for family in openmetrics:
        # The text parser takes _total off as well, and keeps other counters as they are.
        if family.type == "info":
            expected = text_types[family.name + "_info"]
            if expected != "gauge":
                sys.exit(f"{family.name} is info, and {expected} in the text format")
        elif family.type == "unknown":
            if text_types[family.name] != "counter":
                sys.exit(f"{family.name} is unknown, and no counter in the text format")
        elif text_types[family.name] != family.type:
            sys.exit(f"{family.name} is {family.type} and {text_types[family.name]}")
        if family.unit and not family.name.endswith("_" + family.unit):
            sys.exit(f"{family.name} has the unit {family.unit}")
    units = {family.name for family in protobuf if family.unit}
    if len(units) != sum(1 for family in openmetrics if family.unit):
        sys.exit("units differ between OpenMetrics and protobuf")


def check_labels(found):
    names = {dict(labels).get("name") for _, labels in found}
    images = {dict(labels).get("image") for _, labels in found}
    if not HOSTILE_NAMES <= names or not HOSTILE_IMAGES <= images:
        sys.exit(f"labels are missing: {HOSTILE_NAMES - names} {HOSTILE_IMAGES - images}")


def main():
    def page(page_format):
        return subprocess.run([sys.argv[1], page_format], check=True, stdout=subprocess.PIPE,
                              timeout=60).stdout

    text = list(parser.text_string_to_metric_families(page("text").decode()))
    openmetrics = list(
        openmetrics_parser.text_string_to_metric_families(page("openmetrics").decode()))
    protobuf = read_protobuf(page("protobuf"))

    not_total = {family.name for family in openmetrics if family.type == "unknown"}
    values = series_of_text(text, not_total)
    if len(values) < 1000:
        sys.exit(f"only {len(values)} series")
    check_same("OpenMetrics", values, series_of_text(openmetrics))
    check_same("protobuf", values, series_of_protobuf(protobuf))
    check_heads(openmetrics, text, protobuf)
    check_native_histograms(protobuf)
    check_starts(protobuf)
    for found in (values, series_of_text(openmetrics), series_of_protobuf(protobuf)):
        check_labels(found)
    print(f"{len(values)} series in {len(text)} families are the same in three formats")


main()
