# Sizes carry binary units.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     limits: { memory: 1GB, file-size: 512, output-size: 0MiB }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:23: 'memory' must be a size in KiB, MiB, GiB or TiB like '512MiB', not '1GB'
!         limits: { memory: 1GB, file-size: 512, output-size: 0MiB }
!                           ^
! slipway.yaml:5:39: 'file-size' must be a size in KiB, MiB, GiB or TiB like '512MiB', not '512'
!         limits: { memory: 1GB, file-size: 512, output-size: 0MiB }
!                                           ^
! slipway.yaml:5:57: 'output-size' must be more than nothing and at most 1024TiB
!         limits: { memory: 1GB, file-size: 512, output-size: 0MiB }
!                                                             ^
= 1
