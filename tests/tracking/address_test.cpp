// Addresses, credentials, and that neither a stored address nor an error message holds a secret.
#include "study/tracking/address.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "kernels/base/error.hpp"
#include "tests/tracking/folder.hpp"

namespace dsx::tracking {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TrackingAddress, TakesUserAndPasswordOut) {
  const Address plain = parse_address("http://127.0.0.1:5000/", "x");
  EXPECT_EQ(plain.url, "http://127.0.0.1:5000");
  EXPECT_EQ(plain.user, "");
  const Address full = parse_address("HTTPS://me:s%40cret@dagshub.com/me/repo.mlflow/", "x");
  EXPECT_EQ(full.url, "https://dagshub.com/me/repo.mlflow");
  EXPECT_EQ(full.user, "me");
  EXPECT_EQ(full.password, "s@cret");
  EXPECT_EQ(parse_address("http://me:a@b@host/x", "x").password, "a@b") << "up to the last @";
  EXPECT_EQ(parse_address("http://[::1]:5000", "x").url, "http://[::1]:5000");
}

TEST(TrackingAddress, RefusesOthersWithoutRepeatingThem) {
  for (const char* text :
       {"", "sqlite:///hunter2.db", "file:///hunter2", "databricks", "http://", "https://me:hunter2@",
        "http://me:hun/ter2@host", "http://me:hunter2@host:99x", "http://host?token=hunter2",
        "http://host/#hunter2", "me:hunter2@host", "http://a b", "http://host:123456", "http://:80"}) {
    try {
      parse_address(text, "--track");
      FAIL() << text;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr("--track: expected a server's address"));
      EXPECT_THAT(error.what(), Not(HasSubstr("hun")));
    }
  }
}

class TrackingCredentials : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    for (const char* name : kNames) ::unsetenv(name);
  }
  void TearDown() override {
    for (const char* name : kNames) ::unsetenv(name);
    FolderTest::TearDown();
  }
  Credentials from_file(const std::string& text) const {
    std::ofstream(folder_ / "credentials") << text;
    return read_credentials(folder_ / "credentials");
  }
  static constexpr const char* kNames[] = {
      "MLFLOW_TRACKING_USERNAME",     "MLFLOW_TRACKING_PASSWORD",         "MLFLOW_TRACKING_TOKEN",
      "MLFLOW_TRACKING_INSECURE_TLS", "MLFLOW_TRACKING_SERVER_CERT_PATH", "MLFLOW_TRACKING_CLIENT_CERT_PATH"};
};

TEST_F(TrackingCredentials, TheEnvironmentWinsOverTheFile) {
  const std::string file =
      "# mine\n[other]\nmlflow_tracking_username = no\n[mlflow]\nMLFLOW_TRACKING_USERNAME: me\n"
      "mlflow_tracking_password = a=b:c \n";
  Credentials credentials = from_file(file);
  EXPECT_EQ(credentials.user, "me");
  EXPECT_EQ(credentials.password, "a=b:c");
  ::setenv("MLFLOW_TRACKING_PASSWORD", "other", 1);
  ::setenv("MLFLOW_TRACKING_INSECURE_TLS", "True", 1);
  credentials = from_file(file);
  EXPECT_EQ(credentials.user, "me");
  EXPECT_EQ(credentials.password, "other");
  EXPECT_TRUE(credentials.insecure_tls);
  EXPECT_EQ(read_credentials(folder_ / "none").user, "");
}

TEST_F(TrackingCredentials, ContradictingTlsOptionsAreRefused) {
  ::setenv("MLFLOW_TRACKING_INSECURE_TLS", "1", 1);
  ::setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", "/x.pem", 1);
  EXPECT_THROW(read_credentials(folder_ / "none"), ConfigError);
}

TEST_F(TrackingCredentials, ScrubTakesSecretsOutOfText) {
  Credentials credentials;
  credentials.user = "me";
  credentials.password = "hunter2";
  credentials.token = "t0ken";
  EXPECT_EQ(credentials.scrub("me: hunter2hunter2, t0ken"), "me: ******, ***");
  credentials.password.clear();
  credentials.user = "token-as-user";
  EXPECT_EQ(credentials.scrub("token-as-user!"), "***!");
}

}  // namespace
}  // namespace dsx::tracking
