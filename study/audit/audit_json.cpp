#include "study/audit/audit_json.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "kernels/base/json_text.hpp"
#include "study/audit/audit.hpp"

namespace dsx::audit {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

template <typename Pair>
void add_marks(Json& json, const Pair& pair) {
  json["across_splits"] = pair.across_splits;
  json["across_classes"] = pair.across_classes;
  json["across_subjects"] = pair.across_subjects;
}

Json item_json(const data::Dataset& dataset, std::size_t index) {
  const data::Item& item = dataset.items()[index];
  return {{"name", item.name},
          {"split", data::to_string(item.split)},
          {"label", dataset.class_names()[static_cast<std::size_t>(item.label)]},
          {"subject", item.subject}};
}

Json copies_json(const data::Dataset& dataset, const data::Duplicates& duplicates) {
  Json groups = Json::array();
  for (const data::CopyGroup& group : duplicates.groups) {
    Json json{{"same_file", group.same_file}};
    add_marks(json, group);
    json["images"] = Json::array();
    for (const std::size_t index : group.indices) json["images"].push_back(item_json(dataset, index));
    groups.push_back(std::move(json));
  }
  return groups;
}

Json near_json(const data::Dataset& dataset, const data::Duplicates& duplicates) {
  Json pairs = Json::array();
  for (const data::NearPair& pair : duplicates.near) {
    Json json{{"distance", pair.distance}, {"similarity", number(pair.similarity)}};
    add_marks(json, pair);
    json["images"] = {item_json(dataset, pair.first), item_json(dataset, pair.second)};
    pairs.push_back(std::move(json));
  }
  return pairs;
}

Json shortcut_json(const Shortcut& shortcut) {
  Json json{{"group", shortcut.group}, {"name", shortcut.name}, {"tells_the_label", shortcut.tells()}};
  json["auc"] = number(shortcut.auc.value);
  json["low"] = number(shortcut.auc.low);
  json["high"] = number(shortcut.auc.high);
  json["p"] = number(shortcut.auc.p);
  json["p_corrected"] = number(shortcut.p_corrected);
  json["method"] = shortcut.auc.method;
  if (!shortcut.auc.estimable()) json["not_estimable"] = shortcut.auc.not_estimable;
  return json;
}

Json power_json(const SplitPower& p) {
  return {{"split", data::to_string(p.split)},
          {"negatives", p.negatives},
          {"positives", p.positives},
          {"negative_subjects", p.negative_subjects},
          {"positive_subjects", p.positive_subjects},
          {"auc_half_width", number(p.auc_half_width)},
          {"auc_half_width_by_subject", number(p.auc_half_width_by_subject)},
          {"sensitivity_half_width", number(p.sensitivity_half_width)},
          {"specificity_half_width", number(p.specificity_half_width)},
          {"too_small", p.too_small()}};
}

}  // namespace

std::string audit_json(const data::Dataset& dataset, const Audit& audit) {
  Json json{
      {"description", dataset.description()},         {"sha256", dataset.digest()},
      {"notes", data::reading_lines(dataset)},        {"images", audit.summary.images},
      {"subjects", audit.summary.subjects},           {"radius", audit.options.radius},
      {"similarity", audit.options.similarity},       {"surplus_copies", audit.duplicates.surplus_copies()},
      {"near_truncated", audit.duplicates.truncated}, {"findings", findings(audit)}};
  json["copies"] = copies_json(dataset, audit.duplicates);
  json["near_duplicates"] = near_json(dataset, audit.duplicates);
  json["shared_subjects"] = Json::array();
  for (const data::SharedSubject& shared : audit.summary.shared_subjects) {
    Json splits = Json::array();
    for (const data::Split split : shared.splits) splits.push_back(data::to_string(split));
    json["shared_subjects"].push_back(
        {{"subject", shared.subject}, {"splits", splits}, {"images", shared.images}});
  }
  json["shortcuts"] = Json::array();
  for (const Shortcut& shortcut : audit.shortcuts) json["shortcuts"].push_back(shortcut_json(shortcut));
  json["splits"] = Json::array();
  for (const SplitPower& power : audit.power) {
    Json split = power_json(power);
    split["made"] = std::find(audit.made.begin(), audit.made.end(), power.split) != audit.made.end();
    json["splits"].push_back(std::move(split));
  }
  // File names need not be UTF-8: what is not becomes the replacement character.
  return json_text(json, 2) + "\n";
}

}  // namespace dsx::audit
