#include "study/run/quantize.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "data/io/files.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "kernels/base/random.hpp"
#include "net/calibration.hpp"
#include "study/cli/interrupt.hpp"
#include "study/settings/run_data.hpp"

namespace dsx::run {
namespace {

constexpr std::size_t kMaxScalesBytes = 16 << 20;
constexpr std::uint64_t kCalibrationStream = 0x696e7438;  // keeps its draws apart from all others

// Some of the split's images, in an order that only the seed decides.
settings::SplitData drawn_images(const data::Dataset& dataset, std::uint64_t seed) {
  settings::SplitData train = settings::split_data(dataset, data::Split::train);
  Random random{seed, kCalibrationStream};
  random.shuffle(std::span(train.indices));
  train.indices.resize(std::min<std::size_t>(train.indices.size(), kCalibrationImages));
  train.labels = data::labels_of(dataset, train.indices);
  return train;
}

// (x - mean) / std of x = pixel / 255, and so affine in the pixel.
kernels::U8Scale scale_of_pixels(const settings::Settings& settings) {
  return {static_cast<float>(1 / (255 * settings.std)), static_cast<float>(settings.mean / settings.std)};
}

std::filesystem::path scales_file(const OpenedRun& run) {
  return run.folder / (run.checkpoint + ".int8.json");
}

struct StoredScales {
  net::Quantization scales;
  std::string origin;
};

// Nothing where there is no file, or one of other weights.
std::optional<StoredScales> stored_scales(const OpenedRun& run) {
  const auto file = scales_file(run);
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return std::nullopt;
  try {
    const auto json = nlohmann::json::parse(data::read_file(file, kMaxScalesBytes));
    if (json.at("epoch") != run.epoch) return std::nullopt;
    StoredScales stored{{}, json.at("origin")};
    for (const auto& [layer, scale] : json.at("scales").items())
      stored.scales.scales[layer] = {scale.at("scale").get<float>(), scale.at("shift").get<float>()};
    return stored;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(
        fmt::format("{}: damaged ({}); remove it to calibrate again", file.string(), error.what()));
  }
}

std::string calibrated(OpenedRun& run) {
  if (run.epoch == 0 && run.settings.data == "synthetic")
    throw DataError(
        fmt::format("{}: its weights were trained elsewhere, so there are no train images to calibrate int8 "
                    "on; set `data` in "
                    "its config.yaml to a folder of such images",
                    run.folder.string()));
  const auto dataset = settings::open_run_data(run.settings, {});
  const settings::SplitData images = drawn_images(*dataset, run.settings.seed);
  data::LoaderOptions options = settings::evaluation_loader(run.settings);
  options.batch = std::min(options.batch, static_cast<int>(images.indices.size()));
  options.drop_last = true;  // a batch that is not full is filled up with zeros, which no image is
  data::BatchLoader loader(*dataset, images.indices, images.labels, options);
  net::Calibration calibration(run.network, options.batch);
  loader.start_epoch(0);
  while (const data::Batch* batch = loader.next()) {
    cli::check_interrupt("stopped while calibrating");
    calibration.plan().set_src(batch->images.data());
    calibration.observe();
  }
  net::Quantization found = calibration.result();
  found.scales[net::kInputScale] = scale_of_pixels(run.settings);
  run.network.quantize(std::move(found));
  return fmt::format("scales from {} of {} (seed {}), least to largest value; pixels exact",
                     counted(loader.images_per_epoch(), "train image"), dataset->description(),
                     run.settings.seed);
}

void store_scales(const OpenedRun& run, const std::string& origin) {
  nlohmann::ordered_json json{
      {"epoch", run.epoch}, {"origin", origin}, {"scales", nlohmann::ordered_json::object()}};
  for (const auto& [layer, u8] : run.network.quantization()->scales)
    json["scales"][layer] = {{"scale", u8.scale}, {"shift", u8.shift}};
  data::write_file_atomically(scales_file(run), json_text(json, 2) + "\n");
}

std::string quantized(OpenedRun& run, bool store) {
  std::string origin;
  if (auto stored = stored_scales(run)) {
    origin = fmt::format("{}, from {}", stored->origin, scales_file(run).filename().string());
    run.network.quantize(std::move(stored->scales));
  } else {
    origin = calibrated(run);
    if (store) store_scales(run, origin);
  }
  return fmt::format("int8: {}; weights {} to {}", origin, -kernels::weight_limit(), kernels::weight_limit());
}

}  // namespace

bool is_int8(const net::Network& network) { return network.context().dtype == dnnl::memory::data_type::u8; }

std::string quantize_run(OpenedRun& run) { return quantized(run, false); }
std::string quantize_and_store(OpenedRun& run) { return quantized(run, true); }

void quantize_on(net::Network& network, int batch, float* images) {
  net::Calibration calibration(network, batch);
  calibration.plan().set_src(images);
  calibration.observe();
  network.quantize(calibration.result());
}

void quantize_with_any_scale(net::Network& network) {
  net::Quantization any;
  any.scales[net::kInputScale] = {};
  for (const net::LayerSpec& layer : network.spec().layers) any.scales[layer.name] = {};
  network.quantize(std::move(any));
}

}  // namespace dsx::run
