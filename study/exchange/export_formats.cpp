#include "study/exchange/export_formats.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/io/files.hpp"
#include "kernels/base/error.hpp"
#include "study/exchange/medmnist_scores.hpp"
#include "study/exchange/onnx_model.hpp"
#include "study/exchange/properties.hpp"
#include "study/exchange/safetensors.hpp"
#include "study/run/quantize.hpp"

namespace dsx::exchange {
namespace {

namespace fs = std::filesystem;

std::string write_onnx(const run::OpenedRun& run, const fs::path& out) {
  const std::string file = onnx_file(run.network, properties_of(run));
  data::write_file_atomically(out, file);
  return fmt::format("ONNX opset 17, {:.1f} MB, input [N, {}, {}, {}], output logit [N, 1]",
                     static_cast<double>(file.size()) / 1e6, run.settings.channels, run.settings.size,
                     run.settings.size);
}

// The scales stay with the run, so that `study predict --dtype int8` computes with the file's.
std::string write_onnx_int8(const run::OpenedRun& run, const fs::path& out) {
  settings::Settings settings = run.settings;
  settings.dtype = "int8";
  settings.engine = "primitives";
  settings.layout = "nhwc";
  run::OpenedRun int8 = run::open_run(run.folder, run.checkpoint, settings);
  const std::string origin = run::quantize_and_store(int8);
  Properties properties = properties_of(run);
  properties.emplace_back("quantization", origin);
  const std::string file = onnx_file(int8.network, properties);
  data::write_file_atomically(out, file);
  return fmt::format("ONNX opset 17 with QuantizeLinear and DequantizeLinear, {:.1f} MB; {}",
                     static_cast<double>(file.size()) / 1e6, origin);
}

std::string write_safetensors(const run::OpenedRun& run, const fs::path& out) {
  std::vector<NamedTensor> tensors;
  for (const net::Parameter& p : run.network.parameters().all)
    tensors.push_back({p.name, {p.shape.begin(), p.shape.end()}, p.get()});
  Properties metadata{{"format", "pt"}};  // as PyTorch's own writer marks it
  for (const auto& property : properties_of(run)) metadata.push_back(property);
  const std::string file = safetensors_file(tensors, metadata);
  data::write_file_atomically(out, file);
  return fmt::format("safetensors, {} tensors in PyTorch's names and order, F32, {:.1f} MB", tensors.size(),
                     static_cast<double>(file.size()) / 1e6);
}

}  // namespace

const std::vector<ExportFormat>& export_formats() {
  static const std::vector<ExportFormat> table{
      {"onnx", ".onnx", "the network with its weights, for ONNX Runtime, OpenVINO and others", write_onnx},
      {"onnx-int8", ".int8.onnx",
       "the same in 8-bit integers, calibrated on train images: with QuantizeLinear and DequantizeLinear "
       "nodes",
       write_onnx_int8},
      {"safetensors", ".safetensors", "the weights alone, in PyTorch's names and order", write_safetensors},
      {"medmnist", "",
       "predictions per split, as MedMNIST's evaluator reads them; a name's [ACC] is the share of images "
       "decided rightly at probability .5, not at the run's threshold",
       write_medmnist},
  };
  return table;
}

const ExportFormat& export_format(const std::string& name) {
  std::vector<std::string> names;
  for (const ExportFormat& format : export_formats()) {
    if (format.name == name) return format;
    names.push_back(format.name);
  }
  throw ConfigError(fmt::format("--format: expected one of {}, got '{}'", fmt::join(names, ", "), name));
}

}  // namespace dsx::exchange
