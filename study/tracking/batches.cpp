// Sizes are counted of the entries as they are written, plus room for the run's id and the names of the
// arrays.
#include "study/tracking/batches.hpp"

#include <algorithm>
#include <cctype>

#include "kernels/base/json_text.hpp"

namespace dsx::tracking {
namespace {

constexpr std::size_t kFrameBytes = 1000;  // {"run_id": ..., "metrics": [...], ...}

struct Kind {
  Json Batch::*array;
  std::size_t most;
};
constexpr Kind kMetrics{&Batch::metrics, kMaxMetrics}, kParams{&Batch::params, kMaxParams},
    kTags{&Batch::tags, kMaxTags};

class Packer {
 public:
  void add(const Kind& kind, Json entry) {
    const std::size_t size = json_text(entry).size() + 1;
    if (!fits(kind, size)) result_.batches.emplace_back().bytes = kFrameBytes;
    Batch& batch = result_.batches.back();
    (batch.*kind.array).push_back(std::move(entry));
    batch.bytes += size;
  }
  // MLflow takes letters, digits, and _ - . / : and spaces in keys.
  std::string key(const std::string& text) {
    std::string key = cut(text, kMaxKey);
    for (char& c : key)
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 &&
          std::string("_-./ :").find(c) == std::string::npos)
        c = '_';
    return key;
  }
  std::string cut(const std::string& text, std::size_t limit) {
    std::string result = shortened(text, limit);
    if (result.size() < text.size()) ++result_.shortened;
    return result;
  }
  Batches take() { return std::move(result_); }

 private:
  bool fits(const Kind& kind, std::size_t size) const {
    if (result_.batches.empty()) return false;
    const Batch& batch = result_.batches.back();
    return (batch.*kind.array).size() < kind.most && batch.entries() < kMaxEntries &&
           batch.bytes + size <= kMaxBatchBytes;
  }
  Batches result_;
};

void add_texts(Packer& packer, const Kind& kind, const Json& values, std::size_t limit) {
  for (const auto& [key, value] : values.items())
    packer.add(kind, {{"key", packer.key(key)}, {"value", packer.cut(value.get<std::string>(), limit)}});
}

}  // namespace

Json Batch::body(const std::string& run_id) const {
  Json json = {{"run_id", run_id}};
  if (!metrics.empty()) json["metrics"] = metrics;
  if (!params.empty()) json["params"] = params;
  if (!tags.empty()) json["tags"] = tags;
  return json;
}

std::string shortened(const std::string& text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

bool goes_in_batches(const Record& record) {
  const std::string type = record.event.value("type", "");
  return type == "metrics" || type == "params" || type == "tags";
}

Batches batches_of(std::span<const Record> records) {
  Packer packer;
  for (const Record& record : records) {
    const Json& event = record.event;
    const Json values = event.value("values", Json::object());
    const std::string type = event.value("type", "");
    if (type == "params") add_texts(packer, kParams, values, kMaxParamValue);
    if (type == "tags") add_texts(packer, kTags, values, kMaxTagValue);
    if (type != "metrics") continue;
    for (const auto& [key, value] : values.items())
      packer.add(kMetrics, {{"key", packer.key(key)},
                            {"value", value},
                            {"timestamp", event.value("time_ms", std::int64_t{0})},
                            {"step", event.value("step", std::int64_t{0})}});
  }
  return packer.take();
}

}  // namespace dsx::tracking
