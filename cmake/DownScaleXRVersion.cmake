# Writes generated/downscalexr_version.hpp with the git commit. It runs at every build but touches the
# header only when the commit (or its dirtiness) changed, so that nothing is recompiled in vain.
add_custom_target(downscalexr_version
  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
          -DOUT=${PROJECT_BINARY_DIR}/generated/downscalexr_version.hpp
          -P ${PROJECT_SOURCE_DIR}/cmake/write_version.cmake
  BYPRODUCTS ${PROJECT_BINARY_DIR}/generated/downscalexr_version.hpp)
