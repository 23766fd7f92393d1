#include "study/commands/operators_json.hpp"

#include <fmt/format.h>

#include <boost/algorithm/string.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "kernels/downsample/downsample.hpp"

namespace dsx::commands {
namespace {

using Json = nlohmann::ordered_json;
using dnnl::memory;

memory::dims shape_from(const std::string& text) {
  int channels = 0, rows = 0, columns = 0, used = 0;
  const int found = std::sscanf(text.c_str(), "%dx%dx%d%n", &channels, &rows, &columns, &used);
  if (found != 3 || used != static_cast<int>(text.size()) || channels < 1 || rows < 2 || columns < 2)
    throw ConfigError(
        fmt::format("--at: '{}' is no shape; write channels x rows x columns, as in 6x316x316", text));
  return {1, channels, rows, columns};
}

Json node_json(const kernels::OnnxNode& node) {
  Json json{{"type", node.type}, {"inputs", node.inputs}, {"output", node.output}};
  json["attributes"] = Json::object();
  for (const auto& [name, value] : node.attributes)
    std::visit([&, key = name](const auto& plain) { json["attributes"][key] = plain; }, value);
  json["constants"] = Json::array();
  for (const auto& constant : node.constants) {
    const bool real = std::holds_alternative<std::vector<float>>(constant.values);
    Json entry{{"name", constant.name},
               {"type", real ? "float32" : "int64"},
               {"shape", constant.dims},
               {"values", {}}};
    std::visit([&](const auto& values) { entry["values"] = values; }, constant.values);
    json["constants"].push_back(std::move(entry));
  }
  return json;
}

Json at_shape(const downsample::DownsampleOp& op, const memory::dims& src) {
  Json nodes = Json::array();
  for (const auto& node : kernels::wired(op.onnx(src))) nodes.push_back(node_json(node));
  return {{"src", memory::dims(src.begin() + 1, src.end())},
          {"flop", op.flop(src)},
          {"min_bytes", op.min_bytes(src, memory::data_type::f32)},
          {"nodes", std::move(nodes)}};
}

const char* name_of_argument(int argument) {
  return argument == DNNL_ARG_SRC ? "source" : argument == DNNL_ARG_DST ? "destination" : "workspace";
}

}  // namespace

std::string operators_json(const std::string& shapes) {
  std::vector<std::string> words;
  boost::split(words, shapes, boost::is_any_of(","));
  Json table = Json::array();
  for (const auto& op : downsample::downsample_table()) {
    Json row{{"name", op.name},
             {"description", op.description},
             {"conv_stride", op.conv_stride},
             {"in_original_study", op.in_original_study},
             {"fused", op.fused != nullptr}};
    row["backward_reads"] = Json::array();
    for (const int argument : op.backward_reads) row["backward_reads"].push_back(name_of_argument(argument));
    row["at"] = Json::array();
    for (const auto& word : words) row["at"].push_back(at_shape(op, shape_from(word)));
    table.push_back(std::move(row));
  }
  return json_text(table, 1) + "\n";
}

}  // namespace dsx::commands
