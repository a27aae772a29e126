#pragma once

// The huge pages of one container, by page size: which sizes there are, only the names of the files
// of its cgroup tell, so they are searched for, and it is done only where that is wanted.

#include <string>
#include <vector>

#include "tidegauge/cgroup/file_reader.h"
#include "tidegauge/model/container_stats.h"

namespace tidegauge::cgroup {

/// `directory`: the cgroup, of v1's hierarchy hugetlb or of v2's. Empty where the controller is
/// off. Allocates.
[[nodiscard]] std::vector<model::HugePages> read_huge_pages(const std::string& directory,
                                                            FileReader& reader);

}  // namespace tidegauge::cgroup
