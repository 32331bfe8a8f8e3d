# What other tools write under "on".
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| on: [ push ]
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:5: 'on' holds filters: branches, tags, paths, skip, release; for which events a job runs stands in its 'when'
!     on: [ push ]
!         ^
= 1
