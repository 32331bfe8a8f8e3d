# A machine of a pool has its own root.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs: { build: { executor: vm, root: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855, steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:38: the vm executor of job 'build' has no root file system of its own
!     jobs: { build: { executor: vm, root: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b
!                                          ^
= 1
