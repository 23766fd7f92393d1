// A bad image costs its own row and nothing else. The first forward pass packs weights and is not timed.
#include "study/run/predict.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <opencv2/core.hpp>

#include "data/formats/image_colour.hpp"
#include "data/formats/image_file.hpp"
#include "data/io/files.hpp"
#include "data/loading/preprocess.hpp"
#include "kernels/base/error.hpp"
#include "study/cli/interrupt.hpp"
#include "study/run/aligned_images.hpp"
#include "study/run/latency.hpp"
#include "study/settings/run_data.hpp"
#include "study/training/metrics.hpp"

namespace dsx::run {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// One thread's tools and memory.
struct Loader {
  explicit Loader(const settings::Settings& s)
      : options(settings::evaluation_loader(s)),
        decode{s.size, s.channels, data::resize_from_string(s.resize)},
        preprocessor({s.channels, s.size, s.size}, options.preprocess, {}, 0),
        pixels(static_cast<std::size_t>(s.channels) * s.size * s.size) {}
  data::LoaderOptions options;
  data::DecodeOptions decode;
  data::Preprocessor preprocessor;
  std::vector<std::uint8_t> pixels;

  void load(ImagePrediction& image, std::span<float> out) {
    const Clock::time_point start = Clock::now();
    try {
      const std::vector<std::uint8_t> bytes = data::read_file(image.path);
      const data::SourceSize source = data::decode_image(bytes, decode, pixels);
      preprocessor.run(pixels, 0, 0, options.channels_last, out);
      image.note = note_on(source, data::is_colour_image(bytes));
    } catch (const std::runtime_error& error) {  // DataError, and OpenCV's own
      image.problem = error.what();
      std::fill(out.begin(), out.end(), 0.0F);
    }
    image.load_ms = ms_since(start);
  }

  std::string note_on(const data::SourceSize& source, std::optional<bool> colour) const {
    std::string note;
    if (source.width != decode.size || source.height != decode.size)
      note = fmt::format("resized from {} x {}", source.width, source.height);
    const auto add = [&](const char* what) { note += (note.empty() ? "" : "; ") + std::string(what); };
    if (colour == true && decode.channels == 1) add("colour made grey");
    if (colour == false && decode.channels == 3) add("grey, as three equal channels");
    return note;
  }
};

void forward(net::Plan& plan, std::span<ImagePrediction> images) {
  const Clock::time_point start = Clock::now();
  plan.forward();
  const double ms = ms_since(start) / static_cast<double>(images.size());
  for (std::size_t i = 0; i < images.size(); ++i) {
    ImagePrediction& image = images[i];
    if (!image.problem.empty()) continue;
    image.network_ms = ms;
    image.logit = plan.logits()[i];
    image.probability = training::sigmoid(image.logit);
    if (!std::isfinite(image.logit)) image.problem = "the network's output is not a number";
  }
}

}  // namespace

std::vector<fs::path> find_images(const std::vector<std::string>& places) {
  std::vector<fs::path> paths;
  for (const std::string& place : places) {
    std::error_code error;
    if (!fs::exists(place, error)) throw DataError(place + ": no such file or folder");
    if (!fs::is_directory(place, error)) {
      paths.emplace_back(place);
      continue;
    }
    std::vector<fs::path> found;
    const auto options = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator at(place, options, error), end; !error && at != end;
         at.increment(error))
      if (at->is_regular_file(error) && data::is_image_name(at->path())) found.push_back(at->path());
    if (found.empty()) throw DataError(place + ": holds no images (jpg, jpeg, png, tif, tiff)");
    std::sort(found.begin(), found.end());
    paths.insert(paths.end(), found.begin(), found.end());
  }
  return paths;
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
  std::vector<Loader> loaders(static_cast<std::size_t>(omp_get_max_threads()), Loader(run.settings));
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
