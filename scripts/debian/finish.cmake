# Run by CPack on the installed files before it packs them: what Debian wants and `cmake --install`
# does not do elsewhere.
cmake_minimum_required(VERSION 3.25)
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(documents ${root}/${CPACK_TIDEGAUGE_DOCUMENTS})

# Debian has the licence's text already, and its own file about it.
file(REMOVE ${documents}/LICENSE)
file(COPY_FILE ${CPACK_TIDEGAUGE_DEBIAN}/copyright ${documents}/copyright)

if(EXISTS ${documents}/CHANGELOG.md)
  file(RENAME ${documents}/CHANGELOG.md ${documents}/changelog)
endif()
set(version ${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})
file(WRITE ${documents}/changelog.Debian
"${CPACK_PACKAGE_NAME} (${version}) unstable; urgency=medium

  * Package of version ${CPACK_PACKAGE_VERSION}.

 -- ${CPACK_PACKAGE_CONTACT}  ${CPACK_TIDEGAUGE_DATE}
")

file(GLOB compressed ${root}/usr/share/man/*/* ${documents}/changelog*)
file(CHMOD ${documents}/changelog.Debian PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
execute_process(COMMAND gzip -9n ${compressed} COMMAND_ERROR_IS_FATAL ANY)
