// A bad image costs its own row and nothing else. The first forward pass packs weights and is not timed.
#include "study/run/predict.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

#include "bench/measure/measure.hpp"
#include "data/formats/image_colour.hpp"
#include "data/formats/image_file.hpp"
#include "data/io/files.hpp"
#include "data/loading/preprocess.hpp"
#include "data/sources/scan.hpp"
#include "data/sources/value_ranges.hpp"
#include "kernels/base/error.hpp"
#include "kernels/onednn/context.hpp"
#include "study/cli/interrupt.hpp"
#include "study/run/aligned_images.hpp"
#include "study/run/latency.hpp"
#include "study/settings/run_data.hpp"
#include "study/training/metrics.hpp"

namespace dsx::run {
namespace {

namespace fs = std::filesystem;

constexpr double kLittle = 0.25;  // of the range of values: a dark image, or one of another range

// One thread's tools and memory.
struct Loader {
  explicit Loader(const settings::Settings& s)
      : options(settings::evaluation_loader(s)),
        decode{s.size, s.channels, data::resize_from_string(s.resize),
               data::intensity_from_string(s.intensity_range)},
        preprocessor({s.channels, s.size, s.size}, options.preprocess, {}, 0),
        pixels(static_cast<std::size_t>(s.channels) * s.size * s.size) {}
  data::LoaderOptions options;
  data::DecodeOptions decode;
  data::Preprocessor preprocessor;
  std::vector<std::uint8_t> pixels;

  void load(ImagePrediction& image, std::span<float> out) {
    image.load_ns = bench::time_once_ns([&] { load_untimed(image, out); });
  }

  void load_untimed(ImagePrediction& image, std::span<float> out) {
    try {
      const std::vector<std::uint8_t> bytes = data::read_file(image.path);
      const data::ImageFacts facts = data::decode_image(bytes, decode, pixels);
      preprocessor.run(pixels, 0, 0, options.channels_last, out);
      image.note = note_on(facts, data::is_colour_image(bytes));
    } catch (const std::runtime_error& error) {  // DataError, and OpenCV's own
      image.problem = error.what();
      std::fill(out.begin(), out.end(), 0.0F);
    }
  }

  std::string note_on(const data::ImageFacts& facts, std::optional<bool> colour) const {
    std::string note;
    const auto add = [&](const std::string& what) { note += (note.empty() ? "" : "; ") + what; };
    if (facts.source.width != decode.size || facts.source.height != decode.size)
      add(fmt::format("resized from {} x {}", facts.source.width, facts.source.height));
    if (!facts.note.empty()) add(facts.note);
    if (facts.flat) add("flat: every pixel has one value");
    if (facts.two_values) add("only two values, as masks have");
    const auto [low, high] = std::minmax(facts.range.black, facts.range.white);
    if (!facts.own_range && !facts.flat && facts.used.high - facts.used.low < kLittle * (high - low))
      add(fmt::format("uses {:.9g} to {:.9g} of {:.9g} to {:.9g}", facts.used.low, facts.used.high, low,
                      high));
    else if (const std::string narrow = data::narrow_text(facts); !narrow.empty())
      add("nearly all of it is " + narrow);
    if (!facts.own_range && (facts.used.low < low || facts.used.high > high))
      add(fmt::format("{:.9g} to {:.9g}, clipped to {:.9g} to {:.9g}", facts.used.low, facts.used.high, low,
                      high));
    if (colour == true && decode.channels == 1) add("colour made grey");
    if (colour == false && decode.channels == 3) add("grey, as three equal channels");
    return note;
  }
};

void forward(net::Plan& plan, std::span<ImagePrediction> images) {
  const double ns = bench::time_once_ns([&] { plan.forward(); }) / static_cast<double>(images.size());
  for (std::size_t i = 0; i < images.size(); ++i) {
    ImagePrediction& image = images[i];
    if (!image.problem.empty()) continue;
    image.network_ns = ns;
    image.logit = plan.logits()[i];
    image.probability = training::sigmoid(image.logit);
    if (!std::isfinite(image.logit)) image.problem = "the network's output is not a number";
  }
}

}  // namespace

FoundImages find_images(const std::vector<std::string>& places) {
  FoundImages found;
  for (const std::string& place : places) {
    std::error_code error;
    if (!fs::exists(place, error)) throw DataError(place + ": no such file or folder");
    if (!fs::is_directory(place, error)) {
      found.paths.emplace_back(place);
      continue;
    }
    data::FolderScan scan = data::scan_images(place);
    if (scan.files.empty()) {
      std::string text;
      for (const std::string& line : scan.left_out.lines()) text += "; " + line;
      throw DataError(place + ": holds no images (jpg, png, tif, bmp, webp, dcm)" + text);
    }
    for (const data::ScannedFile& file : scan.files) found.paths.push_back(fs::path(place) / file.name);
    for (const std::string& line : scan.left_out.lines()) found.left_out.push_back(place + ": " + line);
  }
  return found;
}

std::vector<ImagePrediction> predict_images(OpenedRun& run, const std::vector<fs::path>& paths,
                                            cli::ProgressBar& progress) {
  cv::setNumThreads(1);  // the images are the parallelism
  const std::size_t batch = std::min<std::size_t>(paths.size(), run.settings.batch);
  net::Plan plan = run.network.make_plan(static_cast<int>(batch), false);
  const AlignedImages memory(plan.src_count(), 0);
  const std::size_t image_floats = plan.src_count() / batch;
  plan.set_src(memory.data());
  plan.forward();
  std::vector<Loader> loaders(static_cast<std::size_t>(kernels::max_threads()), Loader(run.settings));
  std::vector<ImagePrediction> images(paths.size());
  for (std::size_t first = 0; first < paths.size(); first += batch) {
    cli::check_interrupt("stopped while predicting");
    const std::span<ImagePrediction> now =
        std::span(images).subspan(first, std::min(batch, paths.size() - first));
#pragma omp parallel for schedule(dynamic)
    for (std::size_t i = 0; i < now.size(); ++i) {
      now[i].path = paths[first + i];
      loaders[static_cast<std::size_t>(omp_get_thread_num())].load(
          now[i], {memory.data() + i * image_floats, image_floats});
    }
    forward(plan, now);
    progress.update(first + now.size(), "");
  }
  return images;
}

}  // namespace dsx::run
