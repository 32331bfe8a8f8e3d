# A time with too few fields.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| schedules: [ { cron: "0 2 * *" } ]
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:22: 'cron': '0 2 * *' must have 5 fields (minute, hour, day of the month, month, day of the week), not 4
!     schedules: [ { cron: "0 2 * *" } ]
!                          ^
= 1
