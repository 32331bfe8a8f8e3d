# An hour that does not exist, and a day that never comes.
# schema: accepts: a calendar is no pattern
file slipway.yaml
| slipway: 1
| project: demo
| schedules: [ { cron: "0 24 * * *" }, { cron: "0 0 30 2 *" } ]
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:22: 'cron': the hour cannot be '24': numbers from 0 to 23, '*', ranges 'A-B', steps '/N' and lists with ','
!     schedules: [ { cron: "0 24 * * *" }, { cron: "0 0 30 2 *" } ]
!                          ^
! slipway.yaml:3:46: 'cron': '0 0 30 2 *' never comes: no month of these has such a day
!     schedules: [ { cron: "0 24 * * *" }, { cron: "0 0 30 2 *" } ]
!                                                  ^
= 1
