#include "monitor/end_cause.h"

#include <csignal>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::EndCause;
using monitor::AskedKill;
using monitor::MemoryKill;
using monitor::RunObservations;
using monitor::Verdict;
using Source = model::Evidence::Source;

namespace {

constexpr WallTime end{1'795'424'400s};

RunObservations with_code(int code) {
  return {.started_at = end - 1h, .ended_at = end, .exit_code = code};
}

RunObservations killed(int code, const std::vector<AskedKill>& kills) {
  auto seen = with_code(code);
  seen.kills = kills;
  return seen;
}

RunObservations out_of_memory(int code, const std::vector<MemoryKill>& kills) {
  auto seen = with_code(code);
  seen.memory_kills = kills;
  return seen;
}

MemoryKill by_kernel(std::chrono::nanoseconds before_end, bool own_limit) {
  return {.at = end - before_end, .source = Source::kernel, .processes = 1, .own_limit = own_limit};
}

MemoryKill by_engine(std::chrono::nanoseconds before_end) {
  return {.at = end - before_end, .source = Source::engine};
}

EndCause cause_of(const RunObservations& seen) {
  return decide(seen).cause;
}

std::vector<std::string> texts(const RunObservations& seen) {
  std::vector<std::string> all;
  for (const auto& evidence : evidence_of(seen)) {
    all.push_back(std::string(to_string(evidence.source)) + ": " + evidence.text);
  }
  return all;
}

using Texts = std::vector<std::string>;

}  // namespace

// --- without a request --------------------------------------------------------------------------

TEST_CASE("without a request, the exit code decides") {
  CHECK(decide(with_code(0)) == Verdict{EndCause::completed, std::nullopt});
  CHECK(decide(with_code(1)) == Verdict{EndCause::error, std::nullopt});
  CHECK(decide(with_code(125)) == Verdict{EndCause::error, std::nullopt});
  CHECK(decide(with_code(127)) == Verdict{EndCause::error, std::nullopt});
  CHECK(decide(with_code(128)) == Verdict{EndCause::error, std::nullopt});
  CHECK(decide(with_code(255)) == Verdict{EndCause::error, std::nullopt});
  CHECK(decide(with_code(137)) == Verdict{EndCause::signal, SIGKILL});
  CHECK(decide(with_code(139)) == Verdict{EndCause::signal, SIGSEGV});
  CHECK(decide(with_code(134)) == Verdict{EndCause::signal, SIGABRT});
}

TEST_CASE("a container that the Engine could not start has its own cause") {
  for (const int code : {125, 126, 127, 128}) {
    auto seen = with_code(code);
    seen.start_error = "exec: \"nginx\": executable file not found in $PATH";
    CHECK(decide(seen) == Verdict{EndCause::not_started, std::nullopt});
  }
  // The Engine keeps the text of an earlier failure.
  auto seen = with_code(1);
  seen.start_error = "exec: not found";
  CHECK(cause_of(seen) == EndCause::error);
}

// --- requests -----------------------------------------------------------------------------------

TEST_CASE("a container that the Engine tells to have stopped was stopped, whatever its exit code") {
  for (const int code : {0, 1, 137, 143}) {
    auto seen = killed(code, {{end - 1s, SIGTERM}});
    seen.stopped_at = end + 20ms;
    CHECK(cause_of(seen) == EndCause::stopped);
  }
}

TEST_CASE("a signal that the Engine was asked to send explains the end") {
  CHECK(decide(killed(137, {{end - 10ms, SIGKILL}})) == Verdict{EndCause::killed, SIGKILL});
  CHECK(decide(killed(143, {{end - 10ms, SIGTERM}})) == Verdict{EndCause::killed, SIGTERM});
  CHECK(decide(killed(129, {{end - 10ms, SIGHUP}})) == Verdict{EndCause::killed, SIGHUP});
  // A program that ends in its own way names no signal.
  CHECK(decide(killed(0, {{end - 40s, SIGTERM}})) == Verdict{EndCause::killed, SIGTERM});
  CHECK(decide(killed(1, {{end - 9s, SIGINT}})) == Verdict{EndCause::killed, SIGINT});
  // The event of the kill may follow that of the end.
  CHECK(decide(killed(137, {{end + 5ms, SIGKILL}})) == Verdict{EndCause::killed, SIGKILL});
}

TEST_CASE("a signal that cannot have ended the run explains nothing") {
  // To read its configuration again, and it ended a moment later.
  CHECK(cause_of(killed(1, {{end - 1s, SIGHUP}})) == EndCause::error);
  CHECK(cause_of(killed(0, {{end - 1s, SIGHUP}})) == EndCause::completed);
  CHECK(cause_of(killed(139, {{end - 1s, SIGUSR1}})) == EndCause::signal);
  // It was ignored, long ago.
  CHECK(cause_of(killed(1, {{end - 11s, SIGTERM}})) == EndCause::error);
  CHECK(cause_of(killed(0, {{end - 6min, SIGTERM}})) == EndCause::completed);
  CHECK(cause_of(killed(143, {{end - 6min, SIGTERM}})) == EndCause::signal);
}

TEST_CASE("of several signals the last that explains the end is named") {
  CHECK(decide(killed(137, {{end - 5s, SIGTERM}, {end - 10ms, SIGKILL}})) ==
        Verdict{EndCause::killed, SIGKILL});
  CHECK(decide(killed(143, {{end - 5s, SIGTERM}, {end - 1s, SIGHUP}})) ==
        Verdict{EndCause::killed, SIGTERM});
}

// --- memory -------------------------------------------------------------------------------------

TEST_CASE("a kill for memory at the container's own limit is its own") {
  CHECK(decide(out_of_memory(137, {by_kernel(5ms, true)})) == Verdict{EndCause::oom, SIGKILL});
  CHECK(cause_of(out_of_memory(137, {by_engine(5ms), by_kernel(5ms, true)})) == EndCause::oom);
}

TEST_CASE("a child that was killed for memory explains that its parent fails within a second") {
  CHECK(cause_of(out_of_memory(1, {by_kernel(900ms, true)})) == EndCause::oom);
  CHECK(cause_of(out_of_memory(1, {by_kernel(1001ms, true)})) == EndCause::error);
  CHECK(cause_of(out_of_memory(137, {by_kernel(2s, true)})) == EndCause::signal);
  CHECK(cause_of(out_of_memory(0, {by_kernel(10ms, true)})) == EndCause::completed);
}

TEST_CASE("a kill for memory that is not at the container's own limit is the host's") {
  CHECK(decide(out_of_memory(137, {by_kernel(5ms, false)})) ==
        Verdict{EndCause::host_oom, SIGKILL});
  auto kill = by_engine(5ms);
  kill.ancestor = "/batch";
  auto seen = out_of_memory(137, {kill});
  seen.memory_limit_bytes = 1024;
  CHECK(cause_of(seen) == EndCause::host_oom);
}

TEST_CASE("where only the Engine tells of a kill, a container without a limit was not at it") {
  auto seen = out_of_memory(137, {by_engine(5ms)});
  CHECK(cause_of(seen) == EndCause::oom);  // its limit is not known
  seen.memory_limit_bytes = 64UL * 1024 * 1024;
  CHECK(cause_of(seen) == EndCause::oom);
  seen = out_of_memory(137, {by_engine(5ms)});
  seen.has_no_limit = true;
  CHECK(cause_of(seen) == EndCause::host_oom);
}

TEST_CASE("the latest word about the limit is not outvoted by an older kill") {
  CHECK(cause_of(out_of_memory(137, {by_kernel(1h, true), by_kernel(5ms, false)})) ==
        EndCause::host_oom);
}

TEST_CASE("a request explains an end before a kill for memory does") {
  auto seen = out_of_memory(137, {by_kernel(5ms, true)});
  seen.kills = {{end - 20ms, SIGKILL}};
  CHECK(cause_of(seen) == EndCause::killed);
}

// --- what was missed ----------------------------------------------------------------------------

TEST_CASE("an end that no event told of is never guessed") {
  for (const int code : {0, 1, 137, 143}) {
    auto seen = with_code(code);
    seen.events_missed = true;
    CHECK(cause_of(seen) == EndCause::unknown);
  }
  CHECK(cause_of({.ended_at = end}) == EndCause::unknown);
}

TEST_CASE("the kernel's word about a kill for memory counts although events were missed") {
  auto seen = out_of_memory(137, {by_kernel(5ms, true)});
  seen.events_missed = true;
  CHECK(cause_of(seen) == EndCause::oom);
}

TEST_CASE("a container that is stopped by an Engine that ends has ended with it") {
  auto seen = killed(137, {{end - 1s, SIGTERM}});
  seen.with_engine = true;
  CHECK(cause_of(seen) == EndCause::engine);
  seen.stopped_at = end;
  CHECK(cause_of(seen) == EndCause::engine);
  auto missed = with_code(137);
  missed.with_engine = missed.events_missed = true;
  CHECK(cause_of(missed) == EndCause::engine);
}

TEST_CASE("a container that fails while its Engine is down has failed by itself") {
  auto seen = with_code(3);
  seen.with_engine = true;
  CHECK(cause_of(seen) == EndCause::error);
}

// --- evidence -----------------------------------------------------------------------------------

TEST_CASE("the evidence of a kill for memory tells in order what happened") {
  auto seen = out_of_memory(137, {by_kernel(20ms, true), by_engine(10ms)});
  seen.memory_limit_bytes = 64UL * 1024 * 1024;
  seen.started_again = {.at = end + 1s, .attempt = 3};
  CHECK(texts(seen) == Texts{"kernel: memory limit of 64 MiB hit, 1 process killed",
                             "Engine: out of memory: a process was killed",
                             "Engine: die, exit code 137 (SIGKILL)",
                             "Engine: restarted by its policy, attempt 3"});
  CHECK(aftermath_of(seen) == model::Aftermath::restarted);
}

TEST_CASE("the evidence says that nobody could read whose limit was hit") {
  auto seen = out_of_memory(137, {by_engine(1ms)});
  CHECK(texts(seen).back() ==
        "tidegauge: the kernel has not told whose limit was hit: the container's memory limit "
        "is not known");
  seen.has_no_limit = true;
  CHECK(texts(seen).back() ==
        "tidegauge: the kernel has not told whose limit was hit: the container has no memory "
        "limit");
  seen.has_no_limit = false;
  seen.memory_limit_bytes = 65'536;
  CHECK(texts(seen).back() ==
        "tidegauge: the kernel has not told whose limit was hit: the container has a memory "
        "limit of 65536 bytes");
}

TEST_CASE("the evidence names the limit of an ancestor, or that none is known") {
  auto kill = by_kernel(1ms, false);
  CHECK(texts(out_of_memory(137, {kill})).front() ==
        "kernel: out of memory, but not at the container's own limit: 1 process killed");
  kill.ancestor = "/batch";
  kill.processes = 2;
  CHECK(texts(out_of_memory(137, {kill})).front() ==
        "kernel: memory limit of /batch hit, 2 processes killed");
}

TEST_CASE("the evidence of a stop says whether it took SIGKILL") {
  auto seen = killed(143, {{end - 1s, SIGTERM}});
  seen.stopped_at = end + 1ms;
  CHECK(texts(seen) == Texts{"Engine: asked to send SIGTERM",
                             "Engine: die, exit code 143 (SIGTERM)", "Engine: stopped"});
  seen.kills.push_back({end - 1ms, SIGKILL});
  CHECK(texts(seen).back() == "Engine: stopped, by SIGKILL after the grace period");
  // `docker rm -f` and `docker stop -t 0` ask for nothing else.
  seen.kills = {{end - 1ms, SIGKILL}};
  CHECK(texts(seen).back() == "Engine: stopped");
}

TEST_CASE("the evidence says what followed") {
  auto seen = with_code(1);
  CHECK(aftermath_of(seen) == model::Aftermath::none);
  seen.gave_up = true;
  CHECK(texts(seen).back() == "Engine: not restarted: its restart policy has given up");
  CHECK(aftermath_of(seen) == model::Aftermath::gave_up);
  seen.removed_at = end + 1h;
  CHECK(texts(seen).back() == "Engine: removed");
  CHECK(aftermath_of(seen) == model::Aftermath::removed);
  seen.started_again = {.at = end + 2s, .attempt = {}};
  CHECK(aftermath_of(seen) == model::Aftermath::restarted);
}

TEST_CASE("the evidence of a failure to start is the Engine's text") {
  auto seen = with_code(127);
  seen.start_error = "exec: not found";
  CHECK(texts(seen) == Texts{"Engine: could not start: exec: not found"});
}

TEST_CASE("docs/exits.md shows the rules as they are tried") {
  std::ifstream file(TIDEGAUGE_SOURCE_DIR "/docs/exits.md");
  std::stringstream text;
  text << file.rdbuf();
  std::string table;
  for (const auto& rule : monitor::end_rules()) {
    table += "| `" + std::string(to_string(rule.cause)) + "` | " + std::string(rule.when) + " |\n";
  }
  CHECK_THAT(text.str(), test::contains(table));
}
