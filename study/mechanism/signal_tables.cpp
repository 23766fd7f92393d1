#include "study/mechanism/signal_tables.hpp"

#include "kernels/downsample/downsample.hpp"
#include "study/mechanism/gratings.hpp"
#include "study/mechanism/probes.hpp"

namespace dsx::mechanism {
namespace {

// Gratings of one kind: rows of the response, and what they come to.
std::vector<SignalFigure> add_responses(const downsample::DownsampleOp& op, Grating grating,
                                        Direction direction, analysis::ResultTable& table) {
  const std::vector<GratingResponse> responses = grating_responses(op, grating, direction);
  double variance = 0, elsewhere = 0;
  for (const GratingResponse& r : responses) {
    table.add({op.name, to_string(grating), to_string(direction), r.frequency, r.gain, r.low, r.high,
               r.mean_ratio, r.elsewhere});
    if (r.frequency > 0.25) continue;
    variance += r.variance;
    elsewhere += r.variance * r.elsewhere;
  }
  const std::string probe = to_string(grating) + " gratings, " + to_string(direction);
  return {{probe, "aliased_share", aliased_share(responses, false)},
          {probe, "aliased_share_falling", aliased_share(responses, true)},
          {probe, "distortion", elsewhere / variance}};
}

}  // namespace

std::vector<analysis::ResultTable> signal_tables() {
  analysis::ResultTable response =
      analysis::make_table("mechanism_response", "gain of gratings through ReLU and operator, by frequency",
                           {"variant", "signal", "direction", "frequency", "gain", "gain_low", "gain_high",
                            "mean_ratio", "elsewhere"});
  analysis::ResultTable signal =
      analysis::make_table("mechanism_signal", "what each operator does to noise, spots and shifts",
                           {"variant", "probe", "metric", "value", "se"});
  for (const downsample::DownsampleOp& op : downsample::downsample_table()) {
    std::vector<SignalFigure> figures;
    const auto add = [&](const std::vector<SignalFigure>& more) {
      figures.insert(figures.end(), more.begin(), more.end());
    };
    for (const Grating grating : {Grating::level, Grating::rectified})
      for (const Direction direction : {Direction::horizontal, Direction::diagonal})
        add(add_responses(op, grating, direction, response));
    add(noise_figures(op));
    add(spot_figures(op));
    add(shift_figures(op));
    for (const SignalFigure& f : figures) signal.add({op.name, f.probe, f.metric, f.value, f.se});
  }
  return {std::move(response), std::move(signal)};
}

}  // namespace dsx::mechanism
