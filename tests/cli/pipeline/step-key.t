# An unknown key of a step.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: [ { run: make, workdir: src } ]
$ slipway check
! slipway.yaml:5:27: unknown key 'workdir' in step 1 of job 'build'; known are: name, run, env, timeout, always
!         steps: [ { run: make, workdir: src } ]
!                               ^
= 1
