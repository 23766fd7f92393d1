#include "study/settings/track_secrets.hpp"

#include "study/tracking/address.hpp"

namespace dsx::settings {

void take_track_secrets(Settings& settings, const std::string& source) {
  if (settings.track.empty() || settings.track == "off") return;
  const tracking::Address address =
      tracking::parse_address(settings.track, source.empty() ? "track" : source);
  settings.track = address.url;
  tracking::put_in_environment(address);
}

}  // namespace dsx::settings
