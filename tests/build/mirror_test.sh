#!/bin/sh
# mirror_test.sh SOURCE_DIR: tests mirror the sources. Each source src/LAYER/NAME.cpp, and each header
# with code and without a source, has tests/LAYER/NAME_test.cpp or a reason below. A reason
# that is not needed any more fails too.
set -eu
cd "$1"

reasons='
app/daemon: the wiring of all parts; app/program_test runs the program
app/healthcheck: one request to a running daemon; app/program_test makes it
app/json_members: run_end_json_test reads through it
app/running_daemon: where healthcheck and --exits ask; exits_command_test and program_test ask there
app/response_encoding: metrics_endpoint_test and status_endpoint_test ask for each encoding
app/serving: the routes and the files of the web server; app/program_test asks for them
app/snapshot_version: three members, by which both endpoints tell pages apart; their tests do
app/watched_engines: what there is once per Engine; app/reload_test runs the program
app/run: the command line put into effect; app/program_test runs the program
config/config: rules_test checks its only formula
config/web_section: a part of the reader that web_config_file_test drives
config/yaml_document: yaml_file_test and web_config_file_test read through it
json/bounded_allocator: reader_test runs into its limit
metrics/append_all: text_format_test and label_text_test write with it
metrics/block_io_rows: a table; page_test compares what it renders with the golden page
metrics/container_rows: a table; page_test compares what it renders with the golden page
metrics/container_subjects: what the rows of containers share; page_test renders it
metrics/daemon_rows: a table; page_test compares what it renders with the golden page
metrics/engine_rows: a table; page_test compares what it renders with the golden page
metrics/host_rows: a table; page_test compares what it renders with the golden page
metrics/network_rows: a table; page_test compares what it renders with the golden page
metrics/page_size: two numbers, which series_limit_test and page_test use
metrics/pool_rows: a table; page_test compares what it renders with the golden page
metrics/resource_rows: a table; page_test compares what it renders with the golden page
monitor/container_calls: container_monitor_test makes the calls against the simulated Engine
monitor/cycle_counts: three counters, which container_monitor_test reads
monitor/engine_calls: container_monitor_test makes the calls against the simulated Engine
monitor/inventory_events: the part of Inventory about events; inventory_test drives it
monitor/worker_context: what the workers of a monitor share
pool/pool_state: tested by part, in the tests pool_*_test and connection_pool_test
status/container_facts: what the table and the page of containers share; their tests render it
status/container_table: a part of the overview; overview_page_test renders it
status/status_input: who sees a label; container_page_test and containers_json_test ask for both
status/page_frame: what the pages share; their tests render it
web/acceptor: server_test connects through it
web/http_daemon: the border to the HTTP library; server_test drives it with real clients
status/api_members: what is written where a value is known; the tests of the JSON read it back
util/log_writer: log_test drives it through Logger, with a pipe that nobody reads
util/thread_annotations: macros without code
'

# names: LAYER/NAME of every file that has code.
names() {
  (cd src && find . -mindepth 2 -name '*.cpp') | sed 's#^\./##; s#\.cpp$##'
  for root in src include/tidegauge; do
    (cd "$root" && grep -rl --include='*.h' -e '\breturn\b' .) | sed 's#^\./##; s#\.h$##'
  done
}

untested=$(for name in $(names | sort -u); do
  [ -e "tests/${name}_test.cpp" ] || echo "$name"
done)
listed=$(echo "$reasons" | sed -n 's#^\([a-z_]*/[a-z_]*\): .*#\1#p')
missing=$(echo "$untested" | grep -vxF "$listed" || true)
stale=$(echo "$listed" | grep -vxF "$untested" || true)

[ -z "$missing" ] || printf 'without a test of its name and without a reason:\n%s\n' "$missing" >&2
[ -z "$stale" ] || printf 'a reason, although there is a test or no such source:\n%s\n' "$stale" >&2
[ -z "$missing$stale" ]
