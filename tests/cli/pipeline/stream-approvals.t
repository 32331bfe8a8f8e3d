# A number of people.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| streams:
|   main: { tag: "v{version}", assets: [ a ], approvals: -1 }
| targets: { site: { type: directory } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:4:56: 'approvals' must be a whole number from 0 to 100
!       main: { tag: "v{version}", assets: [ a ], approvals: -1 }
!                                                            ^
= 1
