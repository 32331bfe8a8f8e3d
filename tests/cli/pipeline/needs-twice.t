# Needing twice is a mistake.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build: { steps: [ { run: make } ] }
|   test: { needs: [ build, build ], steps: [ { run: make } ] }
$ slipway check
! slipway.yaml:5:27: job 'test' needs 'build' twice
!       test: { needs: [ build, build ], steps: [ { run: make } ] }
!                               ^
= 1
