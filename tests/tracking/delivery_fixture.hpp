// A journal, a stand-in for its server, and what a delivery between them must have left there.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "study/tracking/delivery.hpp"
#include "tests/tracking/folder.hpp"
#include "tests/tracking/standin_server.hpp"

namespace dsx::tracking {

class TrackingDelivery : public FolderTest {
 protected:
  void record(const std::vector<Json>& events) const { JournalWriter(journal()).append(events); }
  // Steps until nothing is left, over as many errors as come; gives the errors back, and `state_`.
  std::vector<std::string> deliver_all(int most_errors = 20, const DeliveryOptions& options = {}) {
    std::vector<std::string> errors;
    Delivery delivery(folder_, credentials_, nullptr, options);
    for (;;) {
      try {
        if (delivery.step()) continue;
        state_ = delivery.state();
        return errors;
      } catch (const TryAgain& error) {
        errors.emplace_back(error.what());
        if (static_cast<int>(errors.size()) > most_errors) throw;
      }
    }
  }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  std::string artifact(const std::string& name) const {
    const auto found = server_.artifacts.find("1/run/artifacts/" + name);
    return found == server_.artifacts.end() ? "(none)" : found->second;
  }
  std::size_t uploads() const {
    std::size_t count = 0;
    for (const auto& request : server_.requests) count += request.method == "PUT" ? 1 : 0;
    return count;
  }
  void expect_whole_run(int epochs = 3) const {
    EXPECT_EQ(server_.runs.size(), 1U);
    EXPECT_EQ(server_.metrics.size(), 2U * static_cast<std::size_t>(epochs));
    EXPECT_EQ(server_.params, (std::map<std::string, std::string>{{"lr", "0.1"}, {"batch", "32"}}));
    EXPECT_EQ(server_.inputs.size(), 1U);
    EXPECT_EQ(artifact("config.yaml"), "epochs: 3\n");
    EXPECT_EQ(server_.statuses.back(), "FINISHED");
  }

  StandInServer server_;
  Credentials credentials_;
  DeliveryState state_;
};

}  // namespace dsx::tracking
