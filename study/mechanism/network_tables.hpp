// From what was seen of the networks to figures over seeds and images: tables mechanism_layers,
// mechanism_logit and mechanism_border with their paired differences, and the occlusion maps. The intervals
// are those of every other figure of a comparison (study/analysis/figures.hpp).
#pragma once

#include <span>
#include <vector>

#include "study/mechanism/mechanism.hpp"

namespace dsx::mechanism {

// `found` belongs to `cells`, one each, all of them available; without cells the tables have no rows.
void add_network_tables(const std::vector<analysis::Cell>& cells, const std::vector<CellMechanism>& found,
                        const analysis::CompareOptions& options, Mechanism& mechanism);

// Figures of a network; topics and keys as docs/mechanism.md and docs/comparison_files.md name them.
inline constexpr const char* kLayersTopic = "mechanism_layers";  // <layer>/<before|after|change>/<metric>
inline constexpr const char* kLogitTopic = "mechanism_logit";    // <class>/<metric>
inline constexpr const char* kBorderTopic = "mechanism_border";  // <view|windows>/<metric>

}  // namespace dsx::mechanism
