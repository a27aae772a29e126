#pragma once

// The Engine's own answers as JSON, to hold the daemon's page against.

#include <rapidjson/document.h>

#include <string>

#include "support/real_engine.h"

namespace tidegauge::test {

inline rapidjson::Document json_of(const RealEngine& engine, const std::string& path) {
  rapidjson::Document document;
  document.Parse(engine.client().body_of("GET", path).c_str());
  return document;
}

}  // namespace tidegauge::test
