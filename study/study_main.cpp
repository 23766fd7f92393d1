// The program `study`: catches what the folders below throw, prints one line that says what, where and how to
// fix it, and turns the type into an exit code. Nothing else catches to end the program.
#include <fmt/core.h>

#include <cstdio>
#include <dnnl.hpp>
#include <exception>
#include <new>

#include "kernels/error.hpp"
#include "study/command.hpp"
#include "study/exit_code.hpp"
#include "study/interrupt.hpp"

namespace {

int fail(dsx::ExitCode code, const std::string& message) {
  std::fflush(stdout);
  fmt::print(stderr, "study: error: {}\n", message);
  return static_cast<int>(code);
}

int run(const std::vector<std::string>& args) {
  if (!args.empty() && (args[0] == "--version" || args[0] == "version")) {
    fmt::print("{}\n", dsx::version_line());
    return 0;
  }
  if (!args.empty() && args[0] == "help") {
    fmt::print("{}", dsx::help_page());
    return 0;
  }
  const int code = dsx::run_command(args);
  if (std::fflush(stdout) != 0) throw dsx::OutputError("stdout: cannot be written; is the disk full?");
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  using dsx::ExitCode;
  dsx::install_interrupt_handlers();
  try {
    return run({argv + 1, argv + argc});
  } catch (const dsx::ConfigError& error) {
    return fail(ExitCode::config, error.what());
  } catch (const dsx::DataError& error) {
    return fail(ExitCode::data, error.what());
  } catch (const dsx::OutputError& error) {
    return fail(ExitCode::output, error.what());
  } catch (const dsx::UnsupportedError& error) {
    return fail(ExitCode::unsupported, error.what());
  } catch (const dsx::DivergedError& error) {
    return fail(ExitCode::diverged, error.what());
  } catch (const dsx::Interrupted& interrupted) {
    std::fflush(stdout);
    fmt::print(stderr, "study: {}\n", interrupted.message);
    return static_cast<int>(ExitCode::interrupted);
  } catch (const dnnl::error& error) {
    return fail(ExitCode::unsupported,
                fmt::format("oneDNN: {} (status {})", error.what(), static_cast<int>(error.status)));
  } catch (const std::bad_alloc&) {
    return fail(ExitCode::unsupported, "not enough memory; choose a smaller --batch or --size");
  } catch (const std::exception& error) {
    return fail(ExitCode::internal, fmt::format("internal: {}", error.what()));
  }
}
