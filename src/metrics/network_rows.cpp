// Metrics of what a container sends and receives, and of its sockets.

#include <cstddef>
#include <optional>

#include "metrics/metric_table.h"

namespace tidegauge::metrics {
namespace {

using enum MetricType;
using model::ConnectionStats;
using model::ContainerStats;
using model::NetworkStats;

constexpr Row<NetworkStats> network_metrics[] = {
    {{"container_network_receive_bytes_total", counter,
      "Bytes received. Absent if the container uses the network of the host or of another "
      "container.",
      "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.receive_bytes); }},
    {{"container_network_receive_packets_total", counter, "Packets received.", "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.receive_packets); }},
    {{"container_network_receive_packets_dropped_total", counter,
      "Received packets that were dropped.", "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.receive_dropped); }},
    {{"container_network_receive_errors_total", counter, "Receive errors.", "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.receive_errors); }},
    {{"container_network_transmit_bytes_total", counter, "Bytes sent.", "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.transmit_bytes); }},
    {{"container_network_transmit_packets_total", counter, "Packets sent.", "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.transmit_packets); }},
    {{"container_network_transmit_packets_dropped_total", counter,
      "Packets that were dropped before they were sent.", "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.transmit_dropped); }},
    {{"container_network_transmit_errors_total", counter, "Send errors.", "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.transmit_errors); }},
};

void write_tcp(const std::optional<model::TcpSockets>& sockets, const Samples& out) {
  if (!sockets) return;
  for (const auto state : model::tcp_states) {
    out.add(sockets->by_state[static_cast<std::size_t>(state)], {{"tcp_state", to_string(state)}});
  }
}

void write_udp(const std::optional<model::UdpSockets>& sockets, const Samples& out) {
  if (!sockets) return;
  out.add(sockets->listening, {{"udp_state", "listen"}});
  out.add(sockets->dropped, {{"udp_state", "dropped"}});
  out.add(sockets->receive_queued_bytes, {{"udp_state", "rxqueued"}});
  out.add(sockets->transmit_queued_bytes, {{"udp_state", "txqueued"}});
}

constexpr Row<ConnectionStats> connection_metrics[] = {
    {{"container_network_tcp_usage_total", gauge, "TCP connections over IPv4, by state.",
      "tcp_state"},
     [](const ConnectionStats& all, const Samples& out) { write_tcp(all.tcp, out); }},
    {{"container_network_tcp6_usage_total", gauge, "TCP connections over IPv6, by state.",
      "tcp_state"},
     [](const ConnectionStats& all, const Samples& out) { write_tcp(all.tcp6, out); }},
    {{"container_network_udp_usage_total", gauge,
      "UDP over IPv4: unconnected sockets (listen), datagrams dropped because a buffer was full "
      "(dropped), and bytes in the receive and send queues (rxqueued, txqueued).",
      "udp_state"},
     [](const ConnectionStats& all, const Samples& out) { write_udp(all.udp, out); }},
    {{"container_network_udp6_usage_total", gauge,
      "UDP over IPv6, with the same values of udp_state as over IPv4.", "udp_state"},
     [](const ConnectionStats& all, const Samples& out) { write_udp(all.udp6, out); }},
};

constexpr Row<ContainerStats> tcp_statistics_metrics[] = {
    {{"container_network_advance_tcp_stats_total", gauge,
      "The kernel's TCP counters, by their names in lower case.", "tcp_state"},
     [](const ContainerStats& stats, const Samples& out) {
       for (const auto& [name, value] : stats.tcp_statistics) {
         out.add(static_cast<double>(value), {{"tcp_state", name}});
       }
     }},
};

}  // namespace

std::span<const Row<NetworkStats>> network_rows() noexcept {
  return network_metrics;
}
std::span<const Row<ConnectionStats>> connection_rows() noexcept {
  return connection_metrics;
}
std::span<const Row<ContainerStats>> tcp_statistics_rows() noexcept {
  return tcp_statistics_metrics;
}

}  // namespace tidegauge::metrics
