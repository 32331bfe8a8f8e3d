# The host has no other root.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     executor: host
|     root: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:6:11: the host executor of job 'build' has no root file system of its own
!         root: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
!               ^
= 1
