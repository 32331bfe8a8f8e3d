# A need that does not exist.
# schema: accepts: needs are compared with the names of jobs
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build: { steps: [ { run: make } ] }
|   test: { needs: [ biuld ], steps: [ { run: make } ] }
$ slipway check
! slipway.yaml:5:20: job 'test' needs 'biuld', which does not exist; did you mean 'build'?
!       test: { needs: [ biuld ], steps: [ { run: make } ] }
!                        ^
= 1
