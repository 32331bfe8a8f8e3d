# What follows a release, in its short and its long form.
# schema: accepts
file slipway.yaml
| slipway: 1
| project: demo
| on: { release: { events: [ published, revoked ], projects: [ "lib-*", "!lib-old" ] } }
| jobs:
|   build: { when: { event: release }, steps: [ { run: make } ] }
|   other: { when: { event: [ push, artifact ] }, steps: [ { run: make } ] }
$ slipway plan --event release
> demo, event release
>   build  sandbox, network none, 1 step, 1h
>   other  skipped: event is 'release', not one of "push", "artifact"
> 2 jobs, 1 skipped
