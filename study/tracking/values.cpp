// MLflow takes a batch as a whole or not at all, and looks at all of it before it says no.
#include "study/tracking/values.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace dsx::tracking {
namespace {

using Points = std::set<std::pair<std::int64_t, std::int64_t>>;  // step and timestamp

// Failed requests in search of one bad entry; what is left of the batch then is set aside as it is.
constexpr int kMostFailures = 60;

std::string name_of(Json Batch::*array, const Json& entry) {
  const std::string key = entry["key"].get<std::string>();
  if (array == &Batch::metrics) return fmt::format("metric {} of step {}", key, entry["step"].dump());
  return (array == &Batch::params ? "param " : "tag ") + key;
}

std::vector<std::string> names_of(const Batch& batch) {
  std::vector<std::string> names;
  for (Json Batch::*array : {&Batch::metrics, &Batch::params, &Batch::tags})
    for (const Json& entry : batch.*array) names.push_back(name_of(array, entry));
  return names;
}

Json kept(const Batch& batch) {
  return {{"metrics", batch.metrics}, {"params", batch.params}, {"tags", batch.tags}};
}

Batch batch_of(const Json& body) {
  Batch batch;
  batch.metrics = body.value("metrics", Json::array());
  batch.params = body.value("params", Json::array());
  batch.tags = body.value("tags", Json::array());
  return batch;
}

bool is_of_the_value(const Refused& refused) {
  return refused.kind == Refused::Kind::value || refused.kind == Refused::Kind::too_large;
}

}  // namespace

void ValueSender::send(std::span<const Record> records, bool unsure) {
  unsure_ = unsure;
  const Batches batches = batches_of(records);
  for (const Batch& batch : batches.batches) {
    send(batch);
    unsure_ = true;  // until all are there: an error further on repeats this one
  }
  shortened_ += batches.shortened;
}

void ValueSender::send_again(const std::string& name, const Json& body) {
  unsure_ = true;
  const Batch batch = batch_of(body);
  try {
    if (const Batch rest = without_known(batch); rest.entries() > 0)
      connection_.client.log_batch(connection_.run.id, rest);
    connection_.arrived(name);
  } catch (const TryAgain& error) {
    if (!connection_.gives_up(name, error)) throw;
    connection_.set_aside(name, error.what(), body);
  } catch (const Refused& refused) {
    connection_.expect_living();
    if (batch.entries() == 1 && is_of_the_value(refused)) return connection_.refuse(name, refused.what());
    connection_.set_aside(name, refused.what(), body);
  }
}

// The points of `batch` that the server does not have.
Batch ValueSender::without_known(const Batch& batch) {
  std::map<std::string, Points> points;
  Batch rest = batch;
  rest.metrics = Json::array();
  for (const Json& metric : batch.metrics) {
    const auto key = metric["key"].get<std::string>();
    const auto [known, first] = points.try_emplace(key);
    if (first) known->second = connection_.client.metric_points(connection_.run.id, key);
    if (known->second.count({metric["step"].get<std::int64_t>(), metric["timestamp"].get<std::int64_t>()}) ==
        0)
      rest.metrics.push_back(metric);
  }
  return rest;
}

void ValueSender::send(const Batch& batch) {
  int most_failures = kMostFailures;
  try {
    const Batch rest = unsure_ ? without_known(batch) : batch;
    if (rest.entries() > 0) connection_.client.log_batch(connection_.run.id, rest);
    connection_.arrived("values");
    for (const std::string& name : names_of(batch)) connection_.file.cursor.aside.erase(name);
    return;
  } catch (const TryAgain& error) {
    unsure_ = unsure_ || error.may_have_arrived;
    if (!connection_.gives_up("values", error)) throw;
    if (batch.entries() == 1) return note(batch, error.what(), false);
  } catch (const Refused& refused) {
    connection_.expect_living();
    if (batch.entries() == 1) return note(batch, refused.what(), is_of_the_value(refused));
  }
  send_halves(batch, most_failures);
}

void ValueSender::send_halves(const Batch& batch, int& most_failures) {
  Batch halves[2];
  std::size_t number = 0;
  for (Json Batch::*array : {&Batch::metrics, &Batch::params, &Batch::tags})
    for (const Json& entry : batch.*array) (halves[2 * number++ / batch.entries()].*array).push_back(entry);
  for (const Batch& half : halves) {
    std::string why;
    bool for_good = false;
    try {
      const Batch rest = unsure_ ? without_known(half) : half;
      if (rest.entries() > 0) connection_.client.log_batch(connection_.run.id, rest);
      unsure_ = true;
      continue;
    } catch (const TryAgain& error) {
      unsure_ = unsure_ || error.may_have_arrived;
      if (!error.may_have_arrived || error.busy) throw;
      why = error.what();
      --most_failures;
    } catch (const Refused& refused) {
      why = refused.what();
      for_good = is_of_the_value(refused);
    }
    if (half.entries() == 1 || most_failures <= 0)
      note(half, why, for_good && half.entries() == 1);
    else
      send_halves(half, most_failures);
  }
}

void ValueSender::note(const Batch& batch, const std::string& why, bool for_good) {
  const std::vector<std::string> names = names_of(batch);
  if (for_good) return connection_.refuse(names.front(), why);
  const std::string more = names.size() > 1 ? fmt::format(" and {} more values", names.size() - 1) : "";
  connection_.set_aside(names.front() + more, why, kept(batch));
}

std::set<std::string> ValueSender::missing(std::span<const Record> records, const ServerRun& run) const {
  const Cursor& cursor = connection_.file.cursor;
  std::set<std::string> elsewhere;  // names, and of metrics the keys, that are known not to be there
  const auto add = [&](const std::string& name) { elsewhere.insert(name.substr(0, name.find(" of step "))); };
  for (const auto& [name, why] : cursor.refused) add(name);
  for (const auto& [name, aside] : cursor.aside)
    for (const std::string& one : names_of(batch_of(aside.body.is_object() ? aside.body : Json::object())))
      add(one);
  std::set<std::string> missing;
  for (const Batch& batch : batches_of(records).batches) {
    for (const Json& metric : batch.metrics) {
      const auto key = metric["key"].get<std::string>();
      const auto there = run.metrics.find(key);
      if (there == run.metrics.end() || there->second < metric["step"].get<std::int64_t>())
        missing.insert("metric " + key);
    }
    for (const Json& param : batch.params)
      if (run.params.count(param["key"].get<std::string>()) == 0)
        missing.insert("param " + param["key"].get<std::string>());
    for (const Json& tag : batch.tags)
      if (run.tags.count(tag["key"].get<std::string>()) == 0)
        missing.insert("tag " + tag["key"].get<std::string>());
  }
  for (const std::string& name : elsewhere) missing.erase(name);
  return missing;
}

}  // namespace dsx::tracking
