#include "support/prometheus_server.h"

#include <rapidjson/document.h>

#include <cctype>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "support/raw_client.h"

namespace tidegauge::test {
namespace {

std::string configuration(std::uint16_t target, const std::filesystem::path& rules) {
  return "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
         "rule_files: [\"" +
         rules.string() +
         "\"]\n"
         "scrape_configs:\n"
         "  - job_name: tidegauge\n"
         "    static_configs: [{targets: [\"127.0.0.1:" +
         std::to_string(target) + "\"]}]\n";
}

std::vector<std::string> command(const TemporaryDirectory& directory, const std::string& config) {
  return command_in_path({"prometheus", "--config.file=" + directory.write("config.yml", config),
                          "--storage.tsdb.path=" + directory.file("data"),
                          "--web.listen-address=127.0.0.1:0"});
}

/// It logs the address that it got for port 0.
std::uint16_t port_of(ChildProcess& process) {
  process.wait_for_errors("Server is ready to receive web requests");
  const auto log = process.errors();
  const auto line = log.find(R"(msg="Listening on")");
  const auto address = log.find("address=", line);
  const auto colon = log.find(':', address);
  if (line == std::string::npos || address == std::string::npos || colon == std::string::npos) {
    throw std::runtime_error("Prometheus does not say where it listens:\n" + log);
  }
  return static_cast<std::uint16_t>(std::stoul(log.substr(colon + 1)));
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (std::isalnum(byte) != 0) {
      encoded += character;
    } else {
      encoded.append({'%', digits[byte >> 4U], digits[byte & 0xFU]});
    }
  }
  return encoded;
}

rapidjson::Document data_of(const std::string& reply) {
  rapidjson::Document document;
  document.Parse(reply.c_str());
  if (!document.IsObject() || document["status"] != "success") {
    throw std::runtime_error("Prometheus says: " + reply);
  }
  return document;
}

/// [1700000000.123, "0.5"]
double value_of_sample(const rapidjson::Value& sample) {
  return std::strtod(sample[1].GetString(), nullptr);
}

}  // namespace

PrometheusServer::PrometheusServer(std::uint16_t target, const std::filesystem::path& rules)
    : process_(command(directory_, configuration(target, rules)), path_variable()),
      port_(port_of(process_)) {}

std::string PrometheusServer::get(const std::string& target) const {
  return RawClient(port_).get(target).body;
}

std::vector<double> PrometheusServer::query(std::string_view expression) const {
  const auto document = data_of(get("/api/v1/query?query=" + percent_encoded(expression)));
  const auto& data = document["data"];
  const auto& result = data["result"];
  if (data["resultType"] == "scalar") return {value_of_sample(result)};
  std::vector<double> values;
  for (const auto& series : result.GetArray()) values.push_back(value_of_sample(series["value"]));
  return values;
}

std::vector<PrometheusServer::Alert> PrometheusServer::alerts() const {
  const auto document = data_of(get("/api/v1/rules?type=alert"));
  std::vector<Alert> alerts;
  for (const auto& group : document["data"]["groups"].GetArray()) {
    for (const auto& rule : group["rules"].GetArray()) {
      alerts.push_back({.name = rule["name"].GetString(),
                        .expression = rule["query"].GetString(),
                        .health = rule["health"].GetString(),
                        .error = rule.HasMember("lastError") ? rule["lastError"].GetString() : ""});
    }
  }
  return alerts;
}

}  // namespace tidegauge::test
