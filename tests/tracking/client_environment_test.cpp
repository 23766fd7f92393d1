// The variables of MLflow's own client do here what they do there, or are named.
#include "study/tracking/client_environment.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "kernels/base/error.hpp"
#include "study/tracking/address.hpp"
#include "tests/tracking/delivery_fixture.hpp"

namespace dsx::tracking {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class TrackingEnvironment : public TrackingDelivery {
 protected:
  void set(const char* name, const std::string& value) {
    ::setenv(name, value.c_str(), 1);
    names_.emplace_back(name);
  }
  void TearDown() override {
    for (const std::string& name : names_) ::unsetenv(name.c_str());
    TrackingDelivery::TearDown();
  }
  std::vector<std::string> names_;
};

TEST_F(TrackingEnvironment, NumbersAndFlagsAreMLflows) {
  EXPECT_EQ(client_options().answer_s, 120);
  set("MLFLOW_HTTP_REQUEST_TIMEOUT", "7");
  set("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
  set("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "False");
  set("MLFLOW_WORKSPACE", "team");
  const ClientOptions options = client_options();
  EXPECT_EQ(options.answer_s, 7);
  EXPECT_EQ(options.most_failures, 1);
  EXPECT_FALSE(options.respect_retry_after);
  EXPECT_EQ(options.workspace, "team");
  set("MLFLOW_HTTP_REQUEST_TIMEOUT", "soon");
  EXPECT_THROW(client_options(), ConfigError);
  set("MLFLOW_HTTP_REQUEST_TIMEOUT", "0");
  EXPECT_THROW(client_options(), ConfigError);
  EXPECT_THROW(environment_flag("MLFLOW_WORKSPACE", false), ConfigError);
}

TEST_F(TrackingEnvironment, CertificatesOfRequestsComeAfterMLflowsOwn) {
  const auto credentials = [&] { return read_credentials(folder_ / "none"); };
  ::unsetenv("REQUESTS_CA_BUNDLE");
  set("CURL_CA_BUNDLE", "/c.pem");
  EXPECT_EQ(credentials().server_cert, "/c.pem");
  set("REQUESTS_CA_BUNDLE", "/r.pem");
  EXPECT_EQ(credentials().server_cert, "/r.pem");
  set("MLFLOW_TRACKING_INSECURE_TLS", "true");
  EXPECT_EQ(credentials().server_cert, "") << "no contradiction: both may be set in a whole shell";
  set("MLFLOW_TRACKING_INSECURE_TLS", "0");
  set("MLFLOW_TRACKING_SERVER_CERT_PATH", "/m.pem");
  EXPECT_EQ(credentials().server_cert, "/m.pem");
}

TEST_F(TrackingEnvironment, WhatIsIgnoredIsNamedInOneLine) {
  EXPECT_EQ(ignored_variables_text(), "");
  set("MLFLOW_TRACKING_AUTH", "kubernetes");
  set("MLFLOW_RUN_CONTEXT", "{}");
  EXPECT_THAT(ignored_variables_text(), HasSubstr("MLFLOW_RUN_CONTEXT, MLFLOW_TRACKING_AUTH: ignored"));
  EXPECT_THAT(ignored_variables_text(), Not(HasSubstr("kubernetes"))) << "values may be secrets";
  set("MLFLOW_ENABLE_ASYNC_LOGGING", "true");
  set("MLFLOW_OF_A_LATER_VERSION", "1");
  set("MLFLOW_EMPTY", "");
  set("MLFLOW_EXPERIMENT_NAME", "e");
  set("MLFLOW_SERVER_ALLOWED_HOSTS", "*");
  EXPECT_THAT(ignored_variables_text(),
              StartsWith("MLFLOW_ENABLE_ASYNC_LOGGING, MLFLOW_OF_A_LATER_VERSION, MLFLOW_RUN_CONTEXT, "
                         "MLFLOW_TRACKING_AUTH: ignored"));
}

TEST_F(TrackingEnvironment, AWorkspaceGoesWithEveryRequest) {
  std::vector<Json> events = run_events(server_.url());
  events[1] = server_record({server_.url(), "an experiment", "", "team"});
  record(events);
  deliver_all();
  for (const auto& request : server_.requests)
    EXPECT_THAT(request.head, HasSubstr("X-MLFLOW-WORKSPACE: team"));
  set("MLFLOW_WORKSPACE", "other");
  deliver_all();
  EXPECT_THAT(server_.requests.back().head, HasSubstr("X-MLFLOW-WORKSPACE: other"));
}

TEST_F(TrackingEnvironment, AProxyInCapitalLetters) {
  record(run_events("http://mlflow.invalid"));
  for (const char* name : {"no_proxy", "NO_PROXY", "http_proxy"}) ::unsetenv(name);
  set("HTTP_PROXY", server_.url());
  EXPECT_ANY_THROW(deliver_all(0));
  ASSERT_FALSE(server_.requests.empty());
  EXPECT_THAT(server_.requests[0].head,
              HasSubstr("http://mlflow.invalid/api/2.0/mlflow/experiments/get-by-name"));
}

}  // namespace
}  // namespace dsx::tracking
