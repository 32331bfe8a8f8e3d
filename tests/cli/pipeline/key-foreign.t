# What other tools call it is understood well enough to answer.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| on: push
| jobs:
|   build: { script: [ make ], depends_on: [ x ], steps: [ { run: make } ] }
$ slipway check
! slipway.yaml:3:5: 'on' holds filters: branches, tags, paths, skip, release; for which events a job runs stands in its 'when'
!     on: push
!         ^
! slipway.yaml:5:12: unknown key 'script' in job 'build'; did you mean 'steps'?
!       build: { script: [ make ], depends_on: [ x ], steps: [ { run: make } ] }
!                ^
! slipway.yaml:5:30: unknown key 'depends_on' in job 'build'; did you mean 'needs'?
!       build: { script: [ make ], depends_on: [ x ], steps: [ { run: make } ] }
!                                  ^
= 1
