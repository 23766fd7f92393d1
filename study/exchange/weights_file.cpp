// A file is known by its content; its name only tells what to do.
#include "study/exchange/weights_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "data/formats/content.hpp"
#include "data/formats/npz.hpp"
#include "data/io/files.hpp"
#include "kernels/base/error.hpp"

namespace dsx::exchange {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMaxWeightBytes = std::size_t{8} << 30;
constexpr std::size_t kMaxIndexBytes = std::size_t{64} << 20;
constexpr const char* kHowFromPyTorch =
    "save its weights in Python: safetensors.torch.save_file(model.state_dict(), \"W.safetensors\")";

// "model.safetensors.index.json": which file each tensor is in.
std::string about_json(const std::vector<std::uint8_t>& bytes) {
  const nlohmann::json json = nlohmann::json::parse(bytes, nullptr, false);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
    return "a JSON file, not weights; give the .safetensors file";
  std::set<std::string> files;
  for (const auto& [tensor, file] : json["weight_map"].items())
    if (file.is_string()) files.insert(file.get<std::string>());
  if (files.empty()) return "an index that names no file of weights";
  if (files.size() == 1)
    return fmt::format("an index of weights, not the weights; give the file that it names: {}",
                       shown_name(*files.begin()));
  return fmt::format(
      "an index of {} files of weights (the first is {}); save them as one: safetensors.torch.save_file({{k: "
      "v "
      "for f in FILES for k, v in safetensors.torch.load_file(f).items()}}, \"W.safetensors\")",
      files.size(), shown_name(*files.begin()));
}

// Of a folder: what may be meant.
std::string about_folder(const fs::path& folder) {
  std::vector<std::string> weights;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".safetensors") weights.push_back(entry.path().filename().string());
  std::sort(weights.begin(), weights.end());
  if (!weights.empty()) return fmt::format("a folder; give a file in it: {}", fmt::join(weights, " or "));
  if (fs::exists(folder / "best.h5", error))
    return "a run's folder, which predict and export take as it is: there is nothing to import";
  return "a folder, and no .safetensors file is in it";
}

bool is_onnx(std::span<const std::uint8_t> bytes) {
  // Field 1 (ir_version), then field 2 or 3 (producer), or 7 (the graph), of onnx.proto's ModelProto.
  constexpr std::uint8_t kVersion = 0x08, kProducer = 0x12, kProducerVersion = 0x1A, kGraph = 0x3A;
  return bytes.size() > 4 && bytes[0] == kVersion && bytes[1] < 32 &&
         (bytes[2] == kProducer || bytes[2] == kProducerVersion || bytes[2] == kGraph);
}

// "" where it may be a safetensors file.
std::string what_else(const fs::path& file, std::span<const std::uint8_t> bytes) {
  switch (data::file_kind_of(bytes)) {
    case data::FileKind::zip: {
      const std::string contents = data::zip_contents(file);
      if (contents.find("PyTorch") != std::string::npos)
        return fmt::format("a PyTorch file (pickled), which is a program and never loaded; {}",
                           kHowFromPyTorch);
      if (!contents.empty()) return contents;
      return "a zip archive (NumPy's .npz?); save its arrays with safetensors.numpy.save_file";
    }
    case data::FileKind::npy:
      return "a single NumPy array; save all weights with safetensors.numpy.save_file";
    case data::FileKind::hdf5:
      return "an HDF5 file; of a run, its folder is what predict and export take; of Keras, save the weights "
             "with "
             "safetensors.numpy.save_file under PyTorch's names and shapes";
    default:
      break;
  }
  if (data::is_image(data::file_kind_of(bytes))) return "an image, not weights";
  if (bytes.size() > 8 && bytes[8] == '{') return "";
  if (is_onnx(bytes)) return fmt::format("an ONNX model; of the model it was made from, {}", kHowFromPyTorch);
  const std::string name = data::content_name(bytes);
  return name.find("pickle") == std::string::npos ? name : fmt::format("{}; {}", name, kHowFromPyTorch);
}

std::size_t place_of_bad(const std::vector<float>& values) {
  return static_cast<std::size_t>(
      std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); }) -
      values.begin());
}

}  // namespace

std::vector<std::uint8_t> read_weights_file(const fs::path& file) {
  std::error_code error;
  const auto refuse = [&](const std::string& what) {
    throw DataError(fmt::format("{}: {}", file.string(), what));
  };
  if (fs::is_directory(file, error)) refuse(about_folder(file));
  const std::vector<std::uint8_t> start = data::first_bytes(file);
  constexpr std::size_t kHighByte = 7;  // of the header's length: 0, and in a text never
  const bool is_text = start.size() <= kHighByte || start[kHighByte] != 0;
  if (is_text && !start.empty() && start[0] == '{') refuse(about_json(data::read_file(file, kMaxIndexBytes)));
  if (const std::string what = start.empty() ? "an empty file" : what_else(file, start); !what.empty())
    refuse(what);
  return data::read_file(file, kMaxWeightBytes);
}

std::string take_common_prefix(SafetensorsHeader& header, std::span<const std::string> wanted) {
  std::set<std::string> names;
  for (const SafeTensor& tensor : header.tensors) names.insert(tensor.name);
  if (wanted.empty() || names.empty() || names.contains(wanted.front())) return "";
  for (const std::string& name : names) {
    if (!name.ends_with("." + wanted.front())) continue;
    const std::string prefix = name.substr(0, name.size() - wanted.front().size());
    const bool before_all =
        std::all_of(names.begin(), names.end(), [&](const auto& one) { return one.starts_with(prefix); });
    const bool has_all = std::all_of(wanted.begin(), wanted.end(),
                                     [&](const auto& one) { return names.contains(prefix + one); });
    if (!before_all || !has_all) continue;
    for (SafeTensor& tensor : header.tensors) tensor.name.erase(0, prefix.size());
    return prefix;
  }
  return "";
}

std::vector<float> finite_values(std::span<const std::uint8_t> file, const SafeTensor& tensor) {
  std::vector<float> values = safetensor_values(file, tensor);
  if (const std::size_t bad = place_of_bad(values); bad < values.size()) {
    const char* what = std::isnan(values[bad]) ? "NaN (a training that diverged?)"
                       : tensor.dtype == "F64" ? "infinite, or more than float32 can hold"
                                               : "infinite (a training that diverged?)";
    throw DataError(fmt::format("tensor {}: value {} of {} is {}; these weights cannot be used",
                                shown_name(tensor.name), bad + 1, values.size(), what));
  }
  if (tensor.name.ends_with("running_var"))
    for (const float value : values)
      if (value < 0)
        throw DataError(fmt::format("tensor {}: a variance is {}, below 0", shown_name(tensor.name), value));
  return values;
}

}  // namespace dsx::exchange
