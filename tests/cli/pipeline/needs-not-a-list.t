# One need is a list too.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build: { steps: [ { run: make } ] }
|   test: { needs: build, steps: [ { run: make } ] }
$ slipway check
! slipway.yaml:5:18: 'needs' of job 'test' must be a list of 1 to 1000 names
!       test: { needs: build, steps: [ { run: make } ] }
!                      ^
= 1
