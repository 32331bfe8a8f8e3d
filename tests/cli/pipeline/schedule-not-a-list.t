# Schedules as a map.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| schedules: { nightly: "0 0 * * *" }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:12: 'schedules' must be a list of 1 to 64 items
!     schedules: { nightly: "0 0 * * *" }
!                ^
= 1
