#include "study/mechanism/cell_mechanism.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/base/error.hpp"
#include "study/analysis/cell_data.hpp"
#include "study/cli/interrupt.hpp"
#include "study/mechanism/inside.hpp"
#include "study/run/make_network.hpp"
#include "study/training/checkpoint.hpp"

namespace dsx::mechanism {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kInsideBatch = 8;  // images: a first layer's activations take 5 MB each

// Shares of the work, for the time that is shown.
constexpr double kViewsUntil = 0.35, kOcclusionUntil = 0.9;

// The network is the run's only if it says what the run recorded; other machines round otherwise.
void check_logits(const analysis::Cell& cell, const std::vector<float>& logits) {
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double recorded = cell.test.logits[i], allowed = 1e-3 * (1 + std::abs(recorded));
    if (!(std::abs(logits[i] - recorded) <= allowed))
      throw DataError(fmt::format("{}: its network says {:.4f} of image {}, and the run recorded {:.4f}",
                                  cell.folder.string(), logits[i], cell.test.names[i], recorded));
  }
}

std::vector<float> as_chw(const ChosenImages& chosen, std::size_t first, std::size_t count) {
  const data::ImageShape& shape = chosen.layout.shape;
  std::vector<float> chw;
  chw.reserve(count * shape.count());
  for (std::size_t i = first; i < first + count; ++i)
    for (int c = 0; c < shape.channels; ++c)
      for (int row = 0; row < shape.height; ++row)
        for (int column = 0; column < shape.width; ++column)
          chw.push_back(chosen.image(i)[chosen.layout.place(c, row, column)]);
  return chw;
}

class Columns {
 public:
  Columns(CellMechanism& found, std::size_t images) : found_(found), images_(images) {}
  void set(const std::string& name, std::size_t place, double value) {
    auto& column = found_.columns[name];
    if (column.empty()) column.assign(images_, kMissing);
    column[place] = value;
  }
  void set_map(const std::string& layer, const std::string& side, std::size_t place, const MapFigures& map) {
    const std::string name = "layer/" + layer + "/" + side + "/";
    set(name + "mean", place, map.mean);
    set(name + "zeros", place, map.zeros);
    set(name + "p99", place, map.p99);
    set(name + "high_frequencies", place, map.high_frequencies);
  }

 private:
  CellMechanism& found_;
  std::size_t images_;
};

void look_inside(const net::Network& network, const ChosenImages& chosen, Columns& columns,
                 CellMechanism& found, const Tick& tick) {
  Inside inside(network, static_cast<int>(std::min(kInsideBatch, chosen.size())));
  found.layers = inside.layers();
  found.no_parts = inside.no_parts();
  for (std::size_t first = 0; first < chosen.size(); first += kInsideBatch) {
    cli::check_interrupt("stopped while looking into a network");
    const std::size_t count = std::min(kInsideBatch, chosen.size() - first);
    const std::vector<InsideImage> images = inside.run(as_chw(chosen, first, count));
    for (std::size_t n = 0; n < count; ++n) {
      const std::size_t place = chosen.places[first + n];
      for (std::size_t l = 0; l < found.layers.size(); ++l) {
        columns.set_map(found.layers[l], "before", place, images[n].layers[l].before);
        columns.set_map(found.layers[l], "after", place, images[n].layers[l].after);
        columns.set_map(found.layers[l], "every_second", place, images[n].layers[l].every_second);
      }
      if (!found.no_parts.empty()) continue;
      const LogitParts& parts = images[n].parts;
      columns.set("logit/logit", place, parts.logit);
      columns.set("logit/positive", place, parts.positive);
      columns.set("logit/negative", place, parts.negative);
      columns.set("logit/bias", place, parts.bias);
      columns.set("logit/border", place, parts.border);
    }
    tick(static_cast<double>(first + count) / static_cast<double>(chosen.size()));
  }
}

void add_border_shares(const ChosenImages& chosen, Columns& columns, const CellMechanism& found) {
  const std::vector<Window> windows = windows_of(chosen.layout.shape.height, chosen.layout.shape.width);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    double frame = 0, all = 0;
    for (std::size_t w = 0; w < windows.size(); ++w) {
      const double fall = std::abs(found.falls[i][w]);
      all += fall;
      if (windows[w].in_frame) frame += fall;
    }
    columns.set("windows/border_share", chosen.places[i], all > 0 ? frame / all : kMissing);
  }
}

}  // namespace

CellMechanism look_into_cell(const analysis::Cell& cell, const data::Dataset& dataset, std::size_t images,
                             const Tick& tick) {
  net::Network network = run::make_network(cell.settings);
  training::load_weights(cell.folder / "best.h5", network);
  net::Plan plan = network.make_plan(cell.settings.batch, false);
  const settings::SplitData test = settings::split_data(dataset, data::Split::test);
  analysis::require_images_of(cell, data::Split::test, dataset, test.indices);
  const ChosenImages chosen = choose_images(dataset, test, cell.settings, images);
  CellMechanism found;
  found.chosen = chosen.places;
  const auto logits = logits_of_views(plan, dataset, test, cell.settings, chosen,
                                      [&](double done) { tick(kViewsUntil * done); });
  check_logits(cell, logits.front());
  for (std::size_t view = 0; view < logits.size(); ++view)
    found.columns["view/" + views()[view]].assign(logits[view].begin(), logits[view].end());
  found.falls = occlusion(plan, chosen,
                          [&](double done) { tick(kViewsUntil + (kOcclusionUntil - kViewsUntil) * done); });
  Columns columns(found, test.indices.size());
  add_border_shares(chosen, columns, found);
  look_inside(network, chosen, columns, found,
              [&](double done) { tick(kOcclusionUntil + (1 - kOcclusionUntil) * done); });
  return found;
}

}  // namespace dsx::mechanism
