#include "status/end_text.h"

#include <chrono>

#include "support/catch.h"

using namespace std::chrono_literals;
using namespace tidegauge;

TEST_CASE("an end is told by its cause, its signal or exit code, and how long the run was") {
  model::RunEnd end{.ended_at = WallTime{1'000s}, .cause = model::EndCause::error};
  CHECK(status::end_summary(end) == "error");
  end.exit_code = 137;
  CHECK(status::end_summary(end) == "error, exit code 137");
  end.signal = 9;
  CHECK(status::end_summary(end) == "error, SIGKILL");
  end.started_at = WallTime{880s};
  CHECK(status::end_summary(end) == "error, SIGKILL, after 2 min");
}

TEST_CASE("the details of an end are what is known beside the cause") {
  model::RunEnd end{.ended_at = WallTime{1'000s}};
  CHECK(status::end_details(end).empty());
  end.started_at = WallTime{998s};
  CHECK(status::end_details(end) == "after 2 s");
  end.exit_code = 3;
  CHECK(status::end_details(end) == "exit code 3, after 2 s");
}

TEST_CASE("the kernel's observation tells most, and otherwise the first") {
  using enum model::Evidence::Source;
  model::RunEnd end;
  CHECK(status::telling_evidence(end).empty());
  end.evidence = {{.source = engine, .text = "die"}, {.source = engine, .text = "started again"}};
  CHECK(status::telling_evidence(end) == "die");
  end.evidence.push_back({.source = kernel, .text = "oom_kill grew"});
  CHECK(status::telling_evidence(end) == "oom_kill grew");
}
