# Mainstay's slots for U-Boot, scheme "order": starts the first slot of BOOT_ORDER that has tries left, and takes
# one of them first. A slot that isn't in the order is being written to, and is never started. The same variables as
# in RAUC's script.
#
# The board defines three commands, and calls this script:
#   mainstay_read    reads the environment, and imports BOOT_ORDER, BOOT_A_LEFT and BOOT_B_LEFT from it
#   mainstay_write   writes them back
#   mainstay_start   loads and starts the system of ${slot}, which is a or b, with ${bootargs}
# A board that keeps its own environment where fw_setenv finds it needs no more than
#   setenv mainstay_read true; setenv mainstay_write saveenv

run mainstay_read
test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "A B"
test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT 3
test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT 3

setenv slot
for candidate in ${BOOT_ORDER}; do
  if test -n "${slot}"; then
    true
  elif test "${candidate}" = A; then
    if test ${BOOT_A_LEFT} -gt 0; then
      setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
      setenv slot a
    fi
  elif test "${candidate}" = B; then
    if test ${BOOT_B_LEFT} -gt 0; then
      setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
      setenv slot b
    fi
  fi
done

# All tries are used up: the slots of the order get theirs back, and it decides again. A device never stays dark.
if test -z "${slot}"; then
  for candidate in ${BOOT_ORDER}; do
    if test "${candidate}" = A; then setenv BOOT_A_LEFT 3; fi
    if test "${candidate}" = B; then setenv BOOT_B_LEFT 3; fi
  done
  run mainstay_write
  reset
fi

run mainstay_write
setenv bootargs "${bootargs} mainstay.slot=${slot}"
run mainstay_start
reset
