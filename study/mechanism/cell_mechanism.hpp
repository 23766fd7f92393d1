// What was seen of one trained network, image by image: columns that figures over images are made from, and
// the occlusion maps.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "data/sources/dataset.hpp"
#include "study/analysis/cells.hpp"
#include "study/mechanism/looks.hpp"

namespace dsx::mechanism {

struct CellMechanism {
  std::vector<std::string> layers;  // names of the Downsample layers
  // One value per test image; NaN where the image was not looked at closely. Names:
  //   view/<view>                                    the logit (looks.hpp)
  //   layer/<layer>/<before|after|every_second>/<mean|zeros|p99|high_frequencies>
  //   logit/<logit|positive|negative|bias|border>    inside.hpp's LogitParts
  //   windows/border_share                           of the absolute falls of all windows, those of the frame
  std::map<std::string, std::vector<double>> columns;
  std::vector<std::size_t> chosen;        // places in test of the images looked at closely
  std::vector<std::vector<float>> falls;  // of their logits: looks.hpp's occlusion()
  std::string no_parts;                   // why there are no logit/ columns
  std::string not_available;              // why there is nothing at all
};

// Runs the cell's best checkpoint; `dataset` is its data. Throws DataError: no checkpoint, another order of
// images, logits that are not the run's.
CellMechanism look_into_cell(const analysis::Cell& cell, const data::Dataset& dataset, std::size_t images,
                             const Tick& tick);

}  // namespace dsx::mechanism
