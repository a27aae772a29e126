#include "tidegauge/model/run_end.h"

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::EndCause;

TEST_CASE("the name of a cause leads back to it") {
  for (const auto cause : model::end_causes) {
    CHECK(model::parse_end_cause(to_string(cause)) == cause);
  }
  CHECK(to_string(EndCause::host_oom) == "host_oom");
  CHECK(to_string(EndCause::unknown) == "unknown");
  CHECK_FALSE(model::parse_end_cause("OOM"));
}

TEST_CASE("the name of an aftermath and of a source leads back to it") {
  for (const auto aftermath : model::aftermaths) {
    CHECK(model::parse_aftermath(to_string(aftermath)) == aftermath);
  }
  for (const auto source : {model::Evidence::Source::engine, model::Evidence::Source::kernel,
                            model::Evidence::Source::tidegauge}) {
    CHECK(model::parse_evidence_source(to_string(source)) == source);
  }
  CHECK_FALSE(model::parse_aftermath("other"));
  CHECK_FALSE(model::parse_evidence_source("engine"));
}

TEST_CASE("exit codes from 129 to 192 stand for signals") {
  CHECK_FALSE(model::signal_of_exit_code(0));
  CHECK_FALSE(model::signal_of_exit_code(128));
  CHECK(model::signal_of_exit_code(129) == 1);
  CHECK(model::signal_of_exit_code(137) == 9);
  CHECK(model::signal_of_exit_code(192) == 64);
  CHECK_FALSE(model::signal_of_exit_code(193));
  CHECK_FALSE(model::signal_of_exit_code(255));
  CHECK_FALSE(model::signal_of_exit_code(-1));
}

TEST_CASE("a signal has the name that kill -l shows") {
  CHECK(model::signal_name(9) == "SIGKILL");
  CHECK(model::signal_name(11) == "SIGSEGV");
  CHECK(model::signal_name(31) == "SIGSYS");
  CHECK(model::signal_name(35) == "signal 35");
}

TEST_CASE("a run is never shorter than nothing") {
  const WallTime start{1000s};
  CHECK(model::duration_seconds({.started_at = start, .ended_at = start + 1500ms}) == 1.5);
  // The Engine dates the end of a very short run before its start.
  CHECK(model::duration_seconds({.started_at = start, .ended_at = start - 1ms}) == 0.0);
  CHECK_FALSE(model::duration_seconds({.ended_at = start}));
}
