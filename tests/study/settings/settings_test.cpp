// Settings: what YAML and flags accept, which wins, and what an error says.
#include "study/settings/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "kernels/base/error.hpp"
#include "study/cli/suggestion.hpp"
#include "study/settings/command_line.hpp"
#include "study/settings/settings_fields.hpp"
#include "tests/study/error_of.hpp"

namespace dsx {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string yaml_error(const std::string& text) {
  return error_of([&] {
    settings::Settings settings;
    settings::Sources sources;
    settings::apply_yaml_text(settings, sources, text, "x.yaml");
  });
}

std::string flags_error(const std::vector<std::string>& args) {
  return error_of([&] { settings::parse_command_line(args, {}); });
}

TEST(Suggestion, NamesSlipsOfTheFingerAndWordsOfOtherPrograms) {
  std::vector<std::string> words;
  for (const settings::Field& field : settings::setting_fields()) words.push_back(field.key);
  EXPECT_EQ(cli::did_you_mean("momentun", words), "; did you mean 'momentum'?");
  EXPECT_EQ(cli::did_you_mean("val_fractoin", words), "; did you mean 'val_fraction'?");
  EXPECT_EQ(cli::did_you_mean("learning_rate", words), "; did you mean 'lr'?");
  EXPECT_EQ(cli::did_you_mean("batch_size", words, "--"), "; did you mean '--batch'?");
  EXPECT_EQ(cli::did_you_mean("lrate", words), "; did you mean 'lr'?");
  EXPECT_EQ(cli::did_you_mean("x", {}), ";");
}

TEST(Suggestion, IsNotFarFetched) {
  std::vector<std::string> words;
  for (const settings::Field& field : settings::setting_fields()) words.push_back(field.key);
  for (const char* word : {"bogus", "qqq", "x", "", "frobnicate", "zz"})
    EXPECT_EQ(cli::did_you_mean(word, words), ";") << word;
  EXPECT_THAT(flags_error({"--bogus"}), HasSubstr("unknown flag '--bogus'; `study --help` lists all"));
}

TEST(CommandLine, TakesTheOldSpellingOfAFlagButDoesNotSuggestIt) {
  settings::CommandSyntax syntax;
  syntax.keys = {"dtype"};
  syntax.aliases = {{"data-type", "dtype"}};
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"--data-type", "bf16"}, {"--data-type=bf16"}, {"--dtype", "bf16"}})
    EXPECT_EQ(settings::parse_command_line(args, syntax).settings.dtype, "bf16");
  EXPECT_THAT(error_of([&] {
                settings::parse_command_line({"--dtype", "f32", "--data-type=bf16"}, syntax);
              }),
              HasSubstr("--dtype"));
  EXPECT_THAT(error_of([&] { settings::parse_command_line({"--data-typ=bf16"}, syntax); }),
              ::testing::Not(HasSubstr("data-type")));
}

TEST(SettingsYaml, SetsEveryTypeOfField) {
  settings::Settings s;
  settings::Sources sources;
  settings::apply_yaml_text(
      s, sources, "variant: maxpool\nepochs: 7\nlr: 1e-3\nnesterov: yes\nseed: 12345678901\n", "x.yaml");
  EXPECT_EQ(s.variant, "maxpool");
  EXPECT_EQ(s.epochs, 7);
  EXPECT_EQ(s.lr, 1e-3);
  EXPECT_TRUE(s.nesterov);
  EXPECT_EQ(s.seed, 12345678901U);
  EXPECT_EQ(sources.at("lr"), "x.yaml:3");
}

TEST(SettingsYaml, EmptyFileChangesNothing) {
  settings::Settings s;
  settings::Sources sources;
  settings::apply_yaml_text(s, sources, "# only a comment\n", "x.yaml");
  EXPECT_EQ(settings::to_yaml(s, ""), settings::to_yaml(settings::Settings{}, ""));
}

TEST(SettingsYaml, NamesLineAndNearestKey) {
  EXPECT_THAT(yaml_error("epochs: 3\nlerning_rate: 1\nmomentun: .9\n"),
              HasSubstr("x.yaml:2: unknown key 'lerning_rate'"));
  EXPECT_THAT(yaml_error("momentun: .9\n"),
              AllOf(HasSubstr("x.yaml:1"), HasSubstr("did you mean 'momentum'?")));
}

TEST(SettingsYaml, NamesLineAndExpectedType) {
  EXPECT_THAT(yaml_error("seed: 1\nlr: fast\n"), HasSubstr("x.yaml:2: lr: expected a number above 0"));
  EXPECT_THAT(yaml_error("epochs: 2.5\n"), HasSubstr("epochs: expected an integer"));
  EXPECT_THAT(yaml_error("nesterov: perhaps\n"), HasSubstr("expected true or false, got 'perhaps'"));
  EXPECT_THAT(yaml_error("lr: [1, 2]\n"), HasSubstr("got a list"));
  EXPECT_THAT(yaml_error("lr: {a: 2}\n"), HasSubstr("got a map"));
  EXPECT_THAT(yaml_error("lr:\n"), HasSubstr("got nothing"));
  EXPECT_THAT(yaml_error("lr: .nan\n"), HasSubstr("expected a number"));
  EXPECT_THAT(yaml_error("lr: nan\n"), HasSubstr("expected a number"));
}

TEST(SettingsYaml, RefusesWhatIsNoFlatMap) {
  EXPECT_THAT(yaml_error("- a\n- b\n"), HasSubstr("key: value"));
  EXPECT_THAT(yaml_error("just words\n"), HasSubstr("key: value"));
  EXPECT_THAT(yaml_error("lr: 1\nlr: 2\n"), HasSubstr("x.yaml:2: key 'lr' occurs twice"));
  EXPECT_THAT(yaml_error("lr: 1\nepochs: [3\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(yaml_error("a: &x 1\nb: *y\n"), HasSubstr("x.yaml"));
  EXPECT_THAT(yaml_error("config: other.yaml\n"), HasSubstr("unknown key 'config'"));
}

TEST(SettingsYaml, ReadsBackWhatItWrites) {
  settings::Settings s;
  s.lr = 0.1 + 0.2;  // needs all 17 digits
  s.data = "/tmp/a folder: with #odd 'names'";
  s.network = "yes";
  s.seed = 9'000'000'000'000'000ULL;
  s.equalize = true;
  s.schedule = "cosine";
  s.threads = 3;
  settings::Settings back;
  settings::Sources sources;
  settings::apply_yaml_text(back, sources, settings::to_yaml(s, "head\nof two lines"), "x.yaml");
  for (const settings::Field& field : settings::setting_fields())
    if (field.in_config) {
      EXPECT_EQ(settings::value_text(back, field), settings::value_text(s, field)) << field.key;
    }
  EXPECT_EQ(back.lr, s.lr);
}

TEST(SettingsFlags, WinOverYaml) {
  const std::string path = ::testing::TempDir() + "settings_test.yaml";
  std::ofstream(path) << "lr: 0.5\nepochs: 9\n";
  const settings::CommandLine line = settings::parse_command_line(
      {"--lr", "0.25", "--config", path, "--val-fraction=0.3", "--nesterov"}, {});
  EXPECT_EQ(line.settings.lr, 0.25);
  EXPECT_EQ(line.settings.epochs, 9);
  EXPECT_EQ(line.settings.val_fraction, 0.3);
  EXPECT_TRUE(line.settings.nesterov);
  EXPECT_EQ(line.sources.at("lr"), "--lr");
  EXPECT_THAT(line.sources.at("epochs"), HasSubstr(":2"));
}

TEST(SettingsFlags, SwitchesTakeAValueAfterTheEqualsSign) {
  EXPECT_FALSE(settings::parse_command_line({"--equalize=false"}, {}).settings.equalize);
  EXPECT_TRUE(settings::parse_command_line({"--equalize", "--sharpen=true"}, {}).settings.sharpen);
}

TEST(SettingsFlags, RefuseNonsenseWithWhatIsAllowed) {
  EXPECT_THAT(flags_error({"--threads", "0"}),
              HasSubstr("--threads: expected an integer from 1 to 4096, got '0'"));
  EXPECT_THAT(flags_error({"--batch", "-1"}), HasSubstr("--batch: expected an integer from 1"));
  EXPECT_THAT(flags_error({"--variant", "foo"}),
              AllOf(HasSubstr("one of avgpool, maxpool"), HasSubstr("'foo'")));
  EXPECT_THAT(flags_error({"--lr", "nan"}), HasSubstr("--lr: expected a number above 0"));
  EXPECT_THAT(flags_error({"--lr", "inf"}), HasSubstr("--lr: expected"));
  EXPECT_THAT(flags_error({"--lr", "0"}), HasSubstr("above 0"));
  EXPECT_THAT(flags_error({"--val-fraction", "2"}), HasSubstr("at most 0.9"));
  EXPECT_THAT(flags_error({"--epochs", "99999999999999999999"}), HasSubstr("an integer"));
  EXPECT_THAT(flags_error({"--epochs", "3x"}), HasSubstr("an integer"));
  EXPECT_THAT(flags_error({"--epochs", ""}), HasSubstr("an integer"));
  EXPECT_THAT(flags_error({"--seed", "-1"}), HasSubstr("an integer from 0"));
  EXPECT_THAT(flags_error({"--channels", "2"}), HasSubstr("channels"));
  EXPECT_THAT(flags_error({"--name", "../x"}), HasSubstr("without '/'"));
  EXPECT_THAT(flags_error({"--warmup-epochs", "9", "--epochs", "3"}), HasSubstr("warmup_epochs"));
}

TEST(SettingsFlags, NameTheNearestKnownFlag) {
  EXPECT_THAT(flags_error({"--thread", "2"}),
              AllOf(HasSubstr("unknown flag '--thread'"), HasSubstr("'--threads'")));
  EXPECT_THAT(flags_error({"--learningrate=3"}), HasSubstr("unknown flag"));
  EXPECT_THAT(flags_error({"--lr"}), HasSubstr("--lr needs a value: a number"));
  EXPECT_THAT(flags_error({"--lr", "1", "--lr", "2"}), HasSubstr("twice"));
  EXPECT_THAT(flags_error({"avgpool"}), HasSubstr("unexpected word 'avgpool'"));
  EXPECT_THAT(flags_error({"--config", "/nowhere/x.yaml"}), HasSubstr("/nowhere/x.yaml"));
}

TEST(SettingsFlags, CommandsTakeOnlyTheirOwn) {
  settings::CommandSyntax syntax;
  syntax.command = "plan";
  syntax.keys = {"variant", "batch"};
  syntax.extra.add_options()("json", "");
  const settings::CommandLine line = settings::parse_command_line({"--batch", "8", "--json"}, syntax);
  EXPECT_EQ(line.settings.batch, 8);
  EXPECT_EQ(line.extra.count("json"), 1U);
  EXPECT_THAT(error_of([&] {
                settings::parse_command_line({"--lr", "1"}, syntax);
              }),
              HasSubstr("--lr is a flag of `study`, not of this command"));
}

TEST(SettingsTable, HelpShowsEveryFlagWithItsDefault) {
  const std::string help = settings::settings_help();
  for (const settings::Field& field : settings::setting_fields())
    EXPECT_THAT(help, HasSubstr(settings::flag_of(field))) << field.key;
  EXPECT_THAT(help, HasSubstr("images per step [32]"));
}

TEST(SettingsTable, AlgorithmsAreTheFusedEngines) {
  settings::Settings s;
  s.algorithm = "fast";
  EXPECT_THAT(error_of([&] { settings::check_settings(s); }), HasSubstr("add --engine fused"));
  s.engine = "fused";
  EXPECT_NO_THROW(settings::check_settings(s));
}

TEST(SettingsTable, DefaultsAreAllowed) {
  for (const settings::Field& field : settings::setting_fields()) {
    if (field.key == "threads" || field.key == "repeat_for") continue;  // not given by default
    settings::Settings s;
    EXPECT_NO_THROW(
        settings::set_from_text(s, field, settings::value_text(settings::Settings{}, field), field.key))
        << field.key;
  }
  EXPECT_NO_THROW(settings::check_settings(settings::Settings{}));
}

}  // namespace
}  // namespace dsx
