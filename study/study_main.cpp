// The program `study`: catches what the folders below throw, prints one line that says what, where and how to
// fix it, and turns the type into an exit code. Nothing else catches to end the program.
#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <dnnl.hpp>
#include <exception>
#include <new>
#include <system_error>

#include "bench/measure/environment.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/utf8.hpp"
#include "kernels/base/workers.hpp"
#include "kernels/onednn/modes.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/interrupt.hpp"
#include "study/commands/command.hpp"
#include "study/commands/help.hpp"
#include "study/settings/waiting.hpp"

namespace {

// Ends the process without destructors of libraries: HDF5 1.10 would try once more to close a file that a
// full disk kept from being closed, and crash (data/io/h5_writer.cpp).
[[noreturn]] void end(dsx::cli::ExitCode code, const std::string& line) {
  std::fflush(stdout);
  fmt::print(stderr, "study: {}\n", line);
  std::fflush(stderr);
  std::_Exit(static_cast<int>(code));
}

// A message may repeat what was typed: an address with a password, a name with a line break.
[[noreturn]] void fail(dsx::cli::ExitCode code, const std::string& message) {
  end(code, "error: " + dsx::one_line(dsx::bench::without_user_info(message)));
}

int run(const std::vector<std::string>& args) {
  const auto lines = dsx::kernels::pin_onednn_modes();
  for (const std::string& line : lines)
    if (!dsx::settings::waits_briefly()) fmt::print(stderr, "study: warning: {}\n", line);
  if (!args.empty() && (args[0] == "--version" || args[0] == "version")) {
    fmt::print("{}\n", dsx::commands::version_line());
    return 0;
  }
  if (!args.empty() && args[0] == "help") {
    fmt::print("{}", dsx::commands::help_page());
    return 0;
  }
  const int code = dsx::commands::run_command(args);
  if (std::fflush(stdout) != 0) throw dsx::OutputError("stdout: cannot be written; is the disk full?");
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  using dsx::cli::ExitCode;
  dsx::cli::install_interrupt_handlers();
  try {
    return run({argv + 1, argv + argc});
  } catch (const dsx::ConfigError& error) {
    fail(ExitCode::config, error.what());
  } catch (const dsx::DataError& error) {
    fail(ExitCode::data, error.what());
  } catch (const dsx::OutputError& error) {
    fail(ExitCode::output, error.what());
  } catch (const dsx::UnsupportedError& error) {
    fail(ExitCode::unsupported, error.what());
  } catch (const dsx::DivergedError& error) {
    fail(ExitCode::diverged, error.what());
  } catch (const dsx::cli::Interrupted& interrupted) {
    end(ExitCode::interrupted, interrupted.message);
  } catch (const dnnl::error& error) {
    fail(ExitCode::unsupported,
         fmt::format("oneDNN: {} (status {})", error.what(), static_cast<int>(error.status)));
  } catch (const std::system_error& error) {
    const bool refused = error.code() == std::errc::resource_unavailable_try_again;
    fail(refused ? ExitCode::unsupported : ExitCode::internal,
         refused ? dsx::refusal_text(error) : fmt::format("internal: {}", error.what()));
  } catch (const std::bad_alloc&) {
    fail(ExitCode::unsupported, "not enough memory; choose a smaller --batch or --size");
  } catch (const std::exception& error) {
    fail(ExitCode::internal, fmt::format("internal: {}", error.what()));
  }
}
